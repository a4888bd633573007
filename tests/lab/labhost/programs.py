# SPDX-License-Identifier: GPL-2.0-or-later
"""Our own programs: for this machine from a build tree, for the host's arm64
cross-compiled in a Debian tree that has the libraries of the host's suite."""

import os
import shlex
import shutil

from labhost import debian, store

# For every architecture.
COMPILER = """
  base-files bash dash coreutils findutils grep sed mawk make cmake ninja-build
  ccache pkgconf binutils python3 python3-yaml
""".split()
LIBRARIES = """
  libc6-dev libyaml-cpp-dev libfmt-dev libpci-dev libxml2-dev libudev-dev
  libvirt-dev zlib1g-dev
""".split()
HEADERS = ["libexpected-dev", "libcli11-dev", "libdtl-dev", "nlohmann-json3-dev"]


def gpusim(build):
    """The command; NVGPUCTL_GPUSIM stands for another one."""
    other = os.environ.get("NVGPUCTL_GPUSIM")
    if other:
        return shlex.split(other)
    program = build / "tests/lab/gpusim/gpusim"
    if not program.exists():
        raise store.LabError(f"{program} is missing; `./dev lab` builds it")
    return [str(program)]


def cross_root(suite):
    native = debian.native()
    packages = COMPILER + HEADERS
    architectures = native
    if native == "arm64":
        packages = [*packages, "g++", *LIBRARIES]
    else:
        packages = [*packages, "g++-aarch64-linux-gnu",
                    *[f"{package}:arm64" for package in LIBRARIES]]
        architectures = f"{native},arm64"

    def make(path):
        debian.extract_root(suite, path, packages,
                            f"--architectures={architectures}")
        (path / "usr/bin/awk").symlink_to("mawk")
        (path / "source").mkdir()
        (path / "ccache").mkdir()

    key = store.digest(*packages, suite, debian.LIBRARY)
    return store.cached(f"cross-{suite}", key, make,
                        f"a tree with a compiler for arm64 and the libraries of "
                        f"{suite} (a minute)")


# Mounts are seen by nobody else and go with the last process.
BUILD = """
set -e
mount --bind "$1" "$2/source"
mount --bind "$3" "$2/ccache"
mount -t proc proc "$2/proc"
mount -t tmpfs tmpfs "$2/tmp"
mount --bind /dev "$2/dev"
exec chroot "$2" /usr/bin/env -i PATH=/usr/bin LC_ALL=C HOME=/tmp \
  CCACHE_DIR=/ccache bash -ec '
  cd /source
  cmake --preset arm64 -B "$2"
  cmake --build "$2" --parallel "$1"
  rm -rf "$2/installed"
  DESTDIR=$2/installed cmake --install "$2"
  exerciser=$2/exerciser
  if [ ! -e $exerciser ] || [ "$(find tests/lab/exerciser -newer $exerciser)" ]; then
    CXX=aarch64-linux-gnu-g++ tests/lab/exerciser/build.sh "$PWD/$exerciser"
  fi
  cp $exerciser "$2/installed/usr/bin/"
' bash "$4" "$5"
"""


def install(suite, folder):
    """The program and what belongs to it into a new folder, as `cmake --install` lays
    it out; libraries have other names in every suite."""
    root = cross_root(suite)
    store.say(f"building the program for arm64, {suite}")
    tree = f"build-arm64-{suite}"
    ccache = store.CACHE / "ccache"
    ccache.mkdir(exist_ok=True)
    # Of this worktree: another lab may be started in it at the same time.
    with store.locked(f"{tree}-{store.digest(str(store.REPOSITORY))}"):
        store.run("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid",
                  "--fork", "--kill-child", "bash", "-c", BUILD, "build",
                  store.REPOSITORY, root, ccache, os.cpu_count(), tree)
        shutil.copytree(store.REPOSITORY / tree / "installed", folder, symlinks=True)
    return folder
