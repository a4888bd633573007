#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tidy.py BUILD FOLDER: clang-tidy over every source of a folder, in parallel,
remembering what was clean.

A source is not looked at again while nothing that clang-tidy would read of ours
has changed: the file, the headers it includes (transitively), its compile
command, .clang-tidy and clang-tidy's version. Only clean results are kept, so
a complaint comes back until it is gone. Headers of the system are taken to
change with clang-tidy's version only; delete the cache when in doubt.

Most of clang-tidy's time goes into the headers of libraries, so sources are looked
at many at once: one that includes them. Those that cannot be together (two have a
helper of the same name), which a look at the compiler's errors tells in a fraction
of the time, are kept apart; a source that is complained about is looked at alone, and
what is reported was found there.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

from files import ROOT, matching

sys.path.append(os.path.join(ROOT, "tests", "support"))
import cache  # noqa: E402

TIDY = "clang-tidy-14"
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
USING = re.compile(rb"^\s*using [\w:]*::(\w+);", re.MULTILINE)
MAIN = re.compile(rb"^int main\(", re.MULTILINE)
FUZZ = "LLVMFuzzerTestOneInput"  # every fuzz target is a function of this name
COMPLAINT = re.compile(r"^(/[^:]+):\d+:\d+: (?:error|warning): ", re.MULTILINE)
# Where includes in quotes are looked up, beside the including file's folder.
FOLDERS = ["nvgpuctl", "", "tests", "tests/lab"]
# How many sources are looked at together. More gain little.
BATCH = 24
# What is complained about; by the full path, as a clone may itself lie in a folder
# called nvgpuctl.
OURS = f"^{re.escape(ROOT)}/(nvgpuctl|tests)/"


def cache_folder():
    folder = os.path.join(cache.FOLDER, "clang-tidy")
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
    digest.update(entry["command"].replace(ROOT, "").encode())
    texts = {}
    closure(entry["file"], texts)
    for path in sorted(texts):
        digest.update(os.path.relpath(path, ROOT).encode() + b"\0")
        digest.update(texts[path] + b"\0")
    return digest.hexdigest()


def flags_of(entry):
    """The compiler's options: the command without what is of this source only."""
    words = shlex.split(entry["command"])
    first = next(i for i, word in enumerate(words) if word.startswith("-"))
    flags = []
    words = iter(words[first:])
    for word in words:
        if word in ("-o", "-c", "-include"):
            next(words)  # what is included is a header that gcc has compiled
        elif word != "-Winvalid-pch":
            flags.append(word)
    return tuple(flags)


def wants_to_be_alone(path):
    """A program, or one of which misc-unused-using-decls, which reads the main file
    only, may complain."""
    text = load(path)
    return MAIN.search(text) or any(len(re.findall(rb"\b" + name + rb"\b", text)) == 1
                                     for name in USING.findall(text))


def batches_of(todo):
    """Sources with the same options, a few at a time."""
    groups = {}
    for source in todo:
        if wants_to_be_alone(source[0]):
            yield flags_of(source[1]), [source]
        else:
            groups.setdefault(flags_of(source[1]), []).append(source)
    for flags, sources in groups.items():
        for first in range(0, len(sources), BATCH):
            yield flags, sources[first:first + BATCH]


def tidy(path, *options):
    # The file of several sources lies outside of the tree.
    config = f"--config-file={os.path.join(ROOT, '.clang-tidy')}"
    return subprocess.run([TIDY, "--quiet", config, f"--header-filter={OURS}", path, *options],
                          capture_output=True, text=True, check=False)


def named(done, sources):
    """(those of the sources that it complains about, the others, whether it complains
    about anything else)"""
    names = {os.path.realpath(name) for name in COMPLAINT.findall(done.stdout)}
    about = [source for source in sources if os.path.realpath(source[0]) in names]
    return about, [source for source in sources if source not in about], len(about) < len(names)


def apart(flags, sources):
    half = len(sources) // 2
    return run(flags, sources[:half]) + run(flags, sources[half:])


def run(flags, sources):
    """(path, mark, complaints) of each; no complaints when it is clean."""
    if not sources:
        return []
    if len(sources) == 1:
        path, _, mark = sources[0]
        done = tidy(path, "--", *flags)
        return [(path, mark, "" if done.returncode == 0 else done.stdout or done.stderr)]
    with tempfile.NamedTemporaryFile("w", prefix="tidy-", suffix=".cpp") as batch:
        for number, (path, _, _) in enumerate(sources):
            batch.write(f'#define {FUZZ} LLVMFuzzer{number}\n#include "{path}"\n#undef {FUZZ}\n')
        batch.flush()
        # One check that costs nothing, as without any there is no look at all.
        done = tidy(batch.name, "--checks=-*,bugprone-sizeof-container", "--", *flags)
        if done.returncode != 0:
            clashing, rest, _ = named(done, sources)
            if not clashing or not rest:
                return apart(flags, sources)
            return run(flags, rest) + run(flags, clashing)
        done = tidy(batch.name, "--checks=-bugprone-suspicious-include", "--", *flags)
    if done.returncode == 0:
        return [(path, mark, "") for path, _, mark in sources]
    dirty, clean, more = named(done, sources)
    if more or not dirty:
        return apart(flags, sources)  # about a header, perhaps
    alone = [result for source in dirty for result in run(flags, [source])]
    return [(path, mark, "") for path, _, mark in clean] + alone


def compile_commands(build, part):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = {}
        for entry in json.load(file):
            ours = entry["file"].startswith(f"{ROOT}/{part}/")
            # The names that .clang-tidy asks for are those of our C++.
            if ours and entry["file"].endswith(".cpp"):
                entries[entry["file"]] = entry
        return entries


def main():
    build, part = os.path.abspath(sys.argv[1]), sys.argv[2]
    entries = compile_commands(build, part)
    missing = [name for name in matching(["*.cpp"])
               if name.startswith(f"{part}/") and os.path.join(ROOT, name) not in entries]
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
        runs = [pool.submit(run, *batch) for batch in batches_of(todo)]
        for done in concurrent.futures.as_completed(runs):
            for path, mark, complaints in done.result():
                if not complaints:
                    open(mark, "wb").close()
                    continue
                dirty += 1
                print(f"--- {os.path.relpath(path, ROOT)}\n{complaints}", flush=True)
    print(f"tidy: {dirty} with complaints")
    return 1 if dirty or missing else 0


if __name__ == "__main__":
    sys.exit(main())
