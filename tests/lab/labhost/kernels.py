# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernels of the lab: Debian's for arm64, unmodified, and our module."""

import dataclasses
import os
import pathlib
import re
import shutil

from labhost import debian, grace_kernel, store

SUITES = ("bookworm", "trixie", "trixie-backports", "forky", "sid")
MODULE = "nvgrace-gpu-vfio-pci.ko"


@dataclasses.dataclass(frozen=True)
class Kernel:
    suite: str    # or "grace-64k": not Debian's
    version: str  # as uname -r has it

    @property
    def page_size(self):
        return 65536 if self.suite == grace_kernel.FLAVOUR else 4096

    def number(self):
        return tuple(int(part) for part in
                     re.match(r"[\d.]+", self.version)[0].rstrip(".").split("."))


def of_suite(suite):
    for name in debian.depends(suite, "linux-image-arm64:arm64"):
        if re.match(r"linux-image-\d", name):
            return Kernel(suite, name.removeprefix("linux-image-"))
    raise store.LabError(f"Debian {suite} has no arm64 kernel")


def find(name, userland=None):
    """By suite, by the beginning of the version, `newest`, or `grace-64k`; or `own`,
    which is the userland's."""
    if name == "own":
        return of_suite(userland)
    if name.endswith(grace_kernel.FLAVOUR):
        return Kernel(grace_kernel.FLAVOUR, grace_kernel.release())
    if name in SUITES:
        return of_suite(name)
    every = [of_suite(suite) for suite in SUITES]
    if name == "newest":
        return max(every, key=Kernel.number)
    for kernel in every:
        if kernel.version == name or re.match(re.escape(name) + r"\b",
                                              kernel.version):
            return kernel
    known = ", ".join(f"{kernel.version} ({kernel.suite})" for kernel in every)
    raise store.LabError(f"no kernel {name}; there are: {known}")


def files(kernel):
    """A folder with `vmlinuz` and `lib/modules/`."""
    if kernel.suite == grace_kernel.FLAVOUR:
        return grace_kernel.tree(os.cpu_count()) / "kernel/installed"
    image = f"linux-image-{kernel.version}"
    packages = [image] + [
        name for name in debian.depends(kernel.suite, f"{image}:arm64")
        if re.match(r"linux-(binary|modules|base)-\d", name)]
    version = debian.in_suite(kernel.suite, "field", f"{image}:arm64", "Version")

    def make(path):
        tree = path.with_name(path.name + ".tree")
        store.remove(tree)
        for folder in ("usr/lib", "boot"):
            (tree / folder).mkdir(parents=True)
        (tree / "lib").symlink_to("usr/lib")
        debs = debian.in_suite(kernel.suite, "download", store.CACHE / "debs",
                               *[f"{name}:arm64" for name in packages])
        for deb in debs.split():
            debian.unpack(deb, tree)
            pathlib.Path(deb).unlink()
        modules = tree / "usr/lib/modules" / kernel.version
        image = next(file for file in (modules / "vmlinuz",
                                       tree / f"boot/vmlinuz-{kernel.version}")
                     if file.exists())
        path.mkdir()
        image.rename(path / "vmlinuz")
        (path / "lib/modules").mkdir(parents=True)
        modules.rename(path / "lib/modules" / kernel.version)
        # Debian does this where the package is installed.
        store.run("depmod", "-b", path, kernel.version)
        store.remove(tree)

    return store.cached(f"kernel-{kernel.version}", store.digest(version), make,
                        f"a copy of Debian's Linux {kernel.version}")


def module(kernel):
    """Our module, built for this kernel from the sources as they are."""
    sources = sorted(file for file in (store.REPOSITORY / "kmod").rglob("*")
                     if file.suffix in (".c", ".h", ".sh")
                     or file.name in ("Kbuild", "Makefile"))
    key = store.digest(kernel.version, *sources)

    def make(path):
        if kernel.suite == grace_kernel.FLAVOUR:
            (path / kernel.version).mkdir(parents=True)
            grace_kernel.module(grace_kernel.tree(os.cpu_count()),
                                path / kernel.version)
            return
        store.run(store.REPOSITORY / "tests/kmod/build_matrix.sh", "--modules",
                  path, kernel.suite)
        built = path / kernel.version / MODULE
        if not built.exists():
            raise store.LabError(f"no module for {kernel.version} was built; "
                                 f"Debian {kernel.suite} has another kernel now?")

    return store.cached(f"module-{kernel.version}", key, make,
                        f"the module for {kernel.version}") / kernel.version / MODULE


def modules_image(kernel, driver="ours"):
    """A disk for /usr/lib/modules: the kernel's own, and ours beside them.

    With driver="kernel" the kernel's own variant driver is the only one.
    """
    ours = [module(kernel)] if driver == "ours" else []
    origin = files(kernel)

    def make(path):
        tree = path.with_name(path.name + ".tree")
        store.remove(tree)
        (tree / "lib").mkdir(parents=True)
        # Hard links: this takes no time and no space.
        store.run("cp", "-al", origin / "lib/modules", tree / "lib/modules")
        place = tree / "lib/modules" / kernel.version / "updates/dkms"
        place.mkdir(parents=True)
        for file in ours:
            shutil.copy(file, place)
        store.run("depmod", "-b", tree, kernel.version)
        store.run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d",
                  tree / "lib/modules", path, "1G")
        store.remove(tree)

    return store.cached(f"modules-{kernel.version}",
                        store.digest(str(origin), *ours), make)


def with_dependencies(kernel, names):
    """Module files in the order in which they can be loaded.

    Names that the kernel has built in, or not at all, are left out.
    """
    folder = files(kernel) / "lib/modules" / kernel.version
    needs = {}
    for line in (folder / "modules.dep").read_text(encoding="ascii").split("\n"):
        if line:
            file, _, rest = line.partition(":")
            needs[file] = rest.split()
    by_name = {pathlib.PurePath(file).name.split(".")[0].replace("-", "_"): file
               for file in needs}
    ordered = []
    for name in names:
        file = by_name.get(name.replace("-", "_"))
        if file:
            ordered += [*reversed(needs[file]), file]
    return [folder / file for file in dict.fromkeys(ordered)]
