# SPDX-License-Identifier: GPL-2.0-or-later
"""Things that are made once and kept, under names that follow their content."""

import contextlib
import ctypes
import fcntl
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
sys.path.append(str(REPOSITORY / "tests/support"))
import cache  # noqa: E402

CACHE = cache.FOLDER / "lab"
# What nobody used for so long is deleted when its successor is made.
KEEP_SECONDS = 7 * 24 * 3600
PR_SET_PDEATHSIG = 1
LONGEST_RUN = 4 * 3600


class LabError(Exception):
    """Why the lab cannot go on; `log` is a file that tells more."""

    def __init__(self, reason, log=None):
        super().__init__(reason)
        self.log = log


class LabSkip(LabError):
    """The lab cannot run on this machine."""


def say(text):
    print(f"lab: {text}", flush=True)


def die_with_parent():
    """For preexec_fn: however the lab ends, the child does not survive it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def digest(*parts):
    """Of strings, bytes and files."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, pathlib.Path):
            part = part.read_bytes()
        if isinstance(part, str):
            part = part.encode()
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:12]


@contextlib.contextmanager
def locked(name):
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f".lock-{name}", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def cached(name, key, make, what=None):
    """The path NAME-KEY in the cache; make(path) makes it if it is not there."""
    target = CACHE / f"{name}-{key}"
    if not target.exists():
        with locked(name):
            if not target.exists():
                if what:
                    say(f"making {what}, once")
                unfinished = CACHE / f".new-{name}"
                remove(unfinished)
                for old in CACHE.glob(f"{name}-{'?' * len(key)}"):
                    if old.stat().st_mtime < time.time() - KEEP_SECONDS:
                        remove(old)
                make(unfinished)
                unfinished.rename(target)
    with contextlib.suppress(PermissionError):
        os.utime(target)
    return target


def sweep(prefix):
    """Removes folders of /tmp that runs have left which were killed: nothing of theirs runs
    any more, and the longest test is over."""
    commands = b""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            commands += path.read_bytes()
    for folder in pathlib.Path("/tmp").glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            stat = folder.lstat()
            if (stat.st_uid == os.getuid() and stat.st_mtime < time.time() - LONGEST_RUN
                    and os.fsencode(folder) not in commands):
                remove(folder)


def run(*command, log=None, **options):
    """Output of a command; a failure is a LabError that carries its own."""
    command = [str(part) for part in command]
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace",
                          check=False, stdin=subprocess.DEVNULL,
                          preexec_fn=die_with_parent, **options)
    if log:
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode == 77:
        raise LabSkip(done.stderr.strip().split("\n")[-1])
    if done.returncode != 0:
        output = (done.stdout + done.stderr).strip().split("\n")
        raise LabError(f"{' '.join(command[:4])} … failed with exit code "
                       f"{done.returncode}:\n" + "\n".join(output[-25:]), log)
    return done.stdout


def warn(text):
    print(f"lab: {text}", file=sys.stderr, flush=True)
