# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel with what Grace hosts have and Debian's arm64 kernels do not.

Debian's newest source, unmodified, with the configuration in grace.config:
64 KiB pages, IOMMUFD, 256 NUMA nodes, the kernel's own variant driver; and
kmemleak, lockdep and checks for sleeping where that is forbidden.
"""

import pathlib
import re
import shutil

from labhost import debian, store

SUITE = "trixie-backports"
CONFIG = store.REPOSITORY / "tests/lab/grace.config"
# LOCALVERSION of the configuration.
FLAVOUR = "grace-64k"
COMPILER = """
  base-files bash dash coreutils findutils grep sed mawk gawk tar xz-utils gzip make
  gcc libc6-dev flex bison bc libelf-dev libssl-dev perl-base diffutils kmod python3
""".split()

# In the tree of make_root(); $1: where the result goes, $2: jobs.
BUILD = r"""
set -e
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/tmp"
mount --bind /dev "$1/dev"
exec nice -n 10 chroot "$1" /usr/bin/env -i PATH=/usr/bin:/usr/sbin LC_ALL=C HOME=/tmp \
  ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- bash -ec '
  cd /kernel/source
  make O=/kernel/build KCONFIG_ALLCONFIG=/kernel/grace.config allnoconfig
  make O=/kernel/build -j "$1" Image modules
  make O=/kernel/build INSTALL_MOD_PATH=/kernel/installed modules_install
  cd /kernel
  release=$(cat build/include/config/kernel.release)
  # What building other modules does not need; most of 3 GiB.
  rm installed/lib/modules/"$release"/build
  cp build/arch/arm64/boot/Image installed/vmlinuz
  find build source -path "*/scripts" -prune -o \( -name "*.o" -o -name "*.a" -o \
    -name "*.c" -o -name "*.S" -o -name "*.cmd" -o -name vmlinux \) -type f \
    -exec rm {} +
  rm -rf source/Documentation source/drivers source/tools/testing source/sound
' bash "$2"
"""

MODULE = r"""
set -e
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/tmp"
mount --bind /dev "$1/dev"
mkdir "$1/tmp/kmod"
cp -r "$2"/*.c "$2"/*.h "$2"/Kbuild "$2"/Makefile "$2"/probes "$1/tmp/kmod"
chroot "$1" /usr/bin/env -i PATH=/usr/bin:/usr/sbin LC_ALL=C \
  make -C /tmp/kmod KDIR=/kernel/build ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- \
  KCFLAGS=-Werror W=1
cp "$1/tmp/kmod/nvgrace-gpu-vfio-pci.ko" "$3"
"""


def package():
    """Name and version of the newest source package."""
    name = next(name for name in debian.depends(SUITE, "linux-source")
                if re.fullmatch(r"linux-source-[\d.]+", name))
    return name, debian.in_suite(SUITE, "field", name, "Version").strip()


def release():
    """As uname -r will have it: the source says 7.3.4, Debian's version 7.3.4-1."""
    _, version = package()
    return f"{re.match(r'[0-9.]+', version)[0]}-{FLAVOUR}"


def in_namespaces(script, *arguments, log=None):
    """Mounts are seen by nobody else and go with the last process."""
    store.run("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid",
              "--fork", "--kill-child", "bash", "-c", script, "kernel", *arguments,
              log=log)


def tree(jobs):
    """A Debian tree with the compiler, and in /kernel what it has built."""
    name, version = package()
    native = debian.native()
    packages = COMPILER + ([] if native == "arm64" else ["gcc-aarch64-linux-gnu"])
    key = store.digest(*packages, debian.SUITE, debian.LIBRARY, name, version,
                       CONFIG, BUILD)

    def make(path):
        debian.extract_root(debian.SUITE, path, packages)
        if not (path / "usr/bin/awk").exists():
            (path / "usr/bin/awk").symlink_to("mawk")
        kernel = path / "kernel"
        for folder in ("source", "build", "installed", "package"):
            (kernel / folder).mkdir(parents=True)
        deb = debian.in_suite(SUITE, "download", store.CACHE / "debs", name).strip()
        debian.unpack(deb, kernel / "package")
        pathlib.Path(deb).unlink()
        archive = next((kernel / "package/usr/src").glob("linux-source-*.tar.xz"))
        store.run("tar", "-xf", archive, "--strip-components=1", "-C",
                  kernel / "source")
        store.remove(kernel / "package")
        shutil.copy(CONFIG, kernel / "grace.config")
        in_namespaces(BUILD, path, jobs, log=store.CACHE / "grace-kernel.log")

    return store.cached("grace-kernel", key, make,
                        f"a kernel for Grace hosts from {name} {version} (many "
                        "minutes)")


def module(root, path):
    """Our driver, built for it."""
    in_namespaces(MODULE, root, store.REPOSITORY / "kmod", path)
