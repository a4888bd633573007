#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The repository's own files, for the lint tests and for ./dev fmt."""
import fnmatch
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def own_files(root=ROOT):
    """Files git tracks or would track; all files where there is no git."""
    # safe.directory: a clone that belongs to another user is still ours to read.
    git = ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z",
           "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(git, capture_output=True, check=True).stdout
        names = [name for name in listing.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = walk(root)
    # A file deleted but not yet committed is still in the index.
    return sorted({name for name in names if os.path.isfile(os.path.join(root, name))})


def walk(root):
    names = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders
                      if name not in (".git", ".cache", "__pycache__")
                      and not (folder == root and name.startswith("build"))]
        names += [os.path.relpath(os.path.join(folder, name), root) for name in files]
    return names


def matching(patterns, root=ROOT):
    return [name for name in own_files(root)
            if any(fnmatch.fnmatch(os.path.basename(name), pattern)
                   for pattern in patterns)]


def read(name, root=ROOT):
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as file:
        return file.read()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    end = "\n"
    if arguments[:1] == ["-0"]:
        end = "\0"
        arguments = arguments[1:]
    for found in matching(arguments or ["*"]):
        sys.stdout.write(found + end)
