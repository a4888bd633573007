# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian packages and trees; tests/support/debian.sh does the work."""

import subprocess

from labhost import store

LIBRARY = store.REPOSITORY / "tests/support/debian.sh"
# The lab's tools are of this suite.
SUITE = "forky"
# Userlands that the simulated host can have; the newest one first. QEMU is the
# newest one that Debian builds for the suite.
USERLANDS = ("forky", "trixie")
NEWER_QEMU = {"trixie": "trixie-backports"}


def function(name, *arguments):
    return store.run("bash", "-c", 'set -eo pipefail; . "$1"; shift; "$@"',
                     LIBRARY.name, LIBRARY, name, *arguments)


def in_suite(suite, name, *arguments):
    script = ('set -eo pipefail; . "$1"; APT_CONFIG=$(apt_of "$2"); '
              'export APT_CONFIG; shift 2; "$@"')
    return store.run("bash", "-c", script, LIBRARY.name, LIBRARY, suite, name,
                     *arguments)


def depends(suite, package):
    """Names that a package depends on, without versions and alternatives."""
    fields = in_suite(suite, "field", package, "Depends").strip().split(",")
    return [field.split()[0] for field in fields if field.strip()]


def extract_root(suite, directory, packages, *options):
    if suite in NEWER_QEMU:
        options = (*options, f"--setup-hook={newer_qemu(NEWER_QEMU[suite])}")
    function("extract_root", suite, directory, ",".join(packages), *options)


def newer_qemu(suite):
    """A script for mmdebstrap, which gives it the new tree as an argument."""
    mirror = function("find_mirror").strip()
    pin = f"Package: src:qemu\\nPin: release n={suite}\\nPin-Priority: 990\\n"
    return (f'mkdir -p "$1/etc/apt/preferences.d" && '
            f'printf "{pin}" >"$1/etc/apt/preferences.d/lab" && '
            f'echo "deb {mirror} {suite} main" '
            f'>"$1/etc/apt/sources.list.d/lab.list"')


def unpack(package, directory):
    """A package file's content, links kept that are there already."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package],
                          stdout=subprocess.PIPE,
                          preexec_fn=store.die_with_parent) as reader:
        subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C",
                        str(directory)], stdin=reader.stdout, check=True,
                       preexec_fn=store.die_with_parent)
    if reader.returncode != 0:
        raise store.LabError(f"cannot unpack {package}")


def native():
    return store.run("dpkg", "--print-architecture").strip()
