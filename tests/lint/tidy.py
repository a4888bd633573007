#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""clang-tidy over every source, in parallel, remembering what was clean.

A source is not looked at again while nothing that clang-tidy would read of ours
has changed: the file, the headers it includes (transitively), its compile
command, .clang-tidy and clang-tidy's version. Only clean results are kept, so
a complaint comes back until it is gone. Headers of the system are taken to
change with clang-tidy's version only; delete the cache when in doubt.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

from files import ROOT, matching

TIDY = "clang-tidy-14"
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
# Where includes in quotes are looked up, beside the including file's folder.
FOLDERS = ["nvgpuctl", "", "tests", "tests/lab"]
# Not part of the ordinary build, so without a compile command.
NOT_BUILT = re.compile(r"^kmod/")


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = os.path.join(base, "nvgpuctl", "clang-tidy")
    os.makedirs(folder, exist_ok=True)
    return folder


def load(path):
    with open(path, "rb") as file:
        return file.read()


def closure(path, seen):
    """Adds the file and every file of ours that it includes."""
    if path in seen:
        return
    seen[path] = load(path)
    for target in INCLUDE.findall(seen[path]):
        name = target.decode()
        folders = [os.path.dirname(path)] + [os.path.join(ROOT, folder) for folder in FOLDERS]
        for folder in folders:
            candidate = os.path.normpath(os.path.join(folder, name))
            if os.path.isfile(candidate):
                closure(candidate, seen)
                break


def key_of(entry, setup):
    """What a clean result depends on, independent of where the tree lies."""
    digest = hashlib.sha256(setup)
    command = entry.get("command") or " ".join(entry["arguments"])
    digest.update(command.replace(ROOT, "").encode())
    texts = {}
    closure(entry["file"], texts)
    for path in sorted(texts):
        digest.update(os.path.relpath(path, ROOT).encode() + b"\0")
        digest.update(texts[path] + b"\0")
    return digest.hexdigest()


def run(entry, build):
    # By the full path: a clone may itself lie in a folder called nvgpuctl.
    ours = f"--header-filter=^{re.escape(ROOT)}/(nvgpuctl|tests)/"
    done = subprocess.run([TIDY, "-p", build, "--quiet", ours, entry["file"]],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def compile_commands(build):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = {}
        for entry in json.load(file):
            ours = entry["file"].startswith((f"{ROOT}/nvgpuctl/", f"{ROOT}/tests/"))
            # The names that .clang-tidy asks for are those of our C++.
            if ours and entry["file"].endswith(".cpp"):
                entries[entry["file"]] = entry
        return entries


def main():
    build = os.path.abspath(sys.argv[1])
    entries = compile_commands(build)
    missing = [name for name in matching(["*.cpp"])
               if os.path.join(ROOT, name) not in entries and not NOT_BUILT.match(name)]
    for name in missing:
        print(f"{name}: not built, so clang-tidy cannot look at it")

    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    setup = version + load(os.path.join(ROOT, ".clang-tidy"))
    folder = cache_folder()
    todo = []
    for path, entry in sorted(entries.items()):
        mark = os.path.join(folder, key_of(entry, setup))
        if os.path.exists(mark):
            os.utime(mark)
        else:
            todo.append((path, entry, mark))
    print(f"tidy: {len(entries)} sources, {len(entries) - len(todo)} known to be clean",
          flush=True)

    dirty = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {pool.submit(run, entry, build): (path, mark) for path, entry, mark in todo}
        for done in concurrent.futures.as_completed(runs):
            path, mark = runs[done]
            code, output, errors = done.result()
            name = os.path.relpath(path, ROOT)
            if code == 0:
                open(mark, "wb").close()
                continue
            dirty += 1
            print(f"--- {name}\n{output}{'' if output else errors}", flush=True)
    print(f"tidy: {dirty} with complaints")
    return 1 if dirty or missing else 0


if __name__ == "__main__":
    sys.exit(main())
