# SPDX-License-Identifier: GPL-2.0-or-later
"""Real packages in the simulated host: dpkg's records of those that its disk was
made of, our own, and those of a kernel that comes later."""

import hashlib
import io
import re
import subprocess
import tarfile

from labhost import debian, kernels, store
from labhost.store import LabError

# What a host of `packages: true` has besides; the compiler is the one that the
# kernel's headers ask for.
TOOLS = """
  dpkg apt init-system-helpers perl-base debconf dkms initramfs-tools libc6-dev
""".split()
# The program finds them where they are, and is not linked with them.
LIBRARIES_OF = ["libvirt-dev", "zlib1g-dev"]
# Whoever has a kernel of its suite gets this one as the next.
NEXT_KERNEL = {"trixie": "trixie-backports", "forky": "sid"}
KEEP_DEBS = "--skip=essential/unlink,cleanup/apt/cache"
# Without kernel's and dpkg's waits for a disk that is forgotten anyway.
DPKG_CONF = "force-unsafe-io\n"


def output(*command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          check=False, preexec_fn=store.die_with_parent)
    if done.returncode != 0:
        raise LabError(f"{' '.join(str(part) for part in command)} failed")
    return done.stdout


def record(root):
    """dpkg's database, as if it had installed what was only unpacked here.

    So dependencies are really looked up. Triggers of these packages stay asleep.
    """
    archives = root / "var/cache/apt/archives"
    database = root / "var/lib/dpkg"
    info = database / "info"
    for folder in ("info", "updates", "triggers", "alternatives", "parts"):
        (database / folder).mkdir(parents=True, exist_ok=True)
    (info / "format").write_text("1\n", encoding="ascii")
    debs = sorted(archives.glob("*.deb"))
    if not debs:
        raise LabError("mmdebstrap has kept no package file to make records of")
    (database / "status").write_text(
        "\n".join(record_one(root, info, deb) for deb in debs), encoding="utf-8")
    (database / "available").touch()
    for deb in debs:
        deb.unlink()
    # Nothing of what is installed from now on is left out or looked for elsewhere.
    for folder in ("etc/dpkg/dpkg.cfg.d", "etc/apt/sources.list.d",
                   "etc/apt/preferences.d", "etc/apt/apt.conf.d"):
        for file in (root / folder).glob("*"):
            file.unlink()
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "etc/dpkg/dpkg.cfg.d").mkdir(parents=True, exist_ok=True)
    (root / "etc/dpkg/dpkg.cfg.d/lab").write_text(DPKG_CONF, encoding="ascii")


def record_one(root, info, deb):
    """Writes the package's files into `info`; its entry of `status`."""
    with tarfile.open(fileobj=io.BytesIO(
            output("dpkg-deb", "--ctrl-tarfile", deb))) as archive:
        parts = {member.name.removeprefix("./"): archive.extractfile(member).read()
                 for member in archive if member.isfile()}
    control = parts.pop("control").decode()
    fields = dict(re.findall(r"^([A-Za-z-]+): *(.*)$", control, re.MULTILINE))
    name = fields["Package"]
    if fields.get("Multi-Arch") == "same":
        name += f":{fields['Architecture']}"
    with tarfile.open(fileobj=io.BytesIO(
            output("dpkg-deb", "--fsys-tarfile", deb))) as archive:
        paths = ["/" + member.name.removeprefix("./").rstrip("/") for member in archive]
    paths = ["/." if path in ("/", "/.") else path for path in paths]
    (info / f"{name}.list").write_text("\n".join(paths) + "\n", encoding="utf-8")
    for part, content in parts.items():
        file = info / f"{name}.{part}"
        file.write_bytes(content)
        file.chmod(0o755 if content.startswith(b"#!") else 0o644)
    conffiles = [(path, root / path[1:]) for path in
                 parts.get("conffiles", b"").decode().split("\n")
                 if path.startswith("/")]
    lines = [f" {path} {hashlib.md5(file.read_bytes()).hexdigest()}"
             for path, file in conffiles if file.is_file()]
    more = "Status: install ok installed\n"
    if lines:
        more += "Conffiles:\n" + "\n".join(lines) + "\n"
    return control.rstrip("\n") + "\n" + more


# --- packages that come later ------------------------------------------------
def version():
    text = (store.REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")
    return re.search(r"^project\(nvgpuctl VERSION ([\d.]+)", text, re.MULTILINE)[1]


def next_version():
    first, _, last = version().rpartition(".")
    return f"{first}.{int(last) + 1}"


def sources_changed():
    """When; tests get into no package."""
    names = store.run("/usr/bin/python3", store.REPOSITORY / "tests/lint/files.py",
                      "-0", "*", cwd=store.REPOSITORY)
    files = [store.REPOSITORY / name for name in names.split("\0")
             if name and not name.startswith("tests/")]
    return max(file.lstat().st_mtime for file in files)


def ours(suite):
    """Of this version and of the next one; built if they are not, or too old."""
    found = []
    for wanted in (version(), next_version()):
        words = ["--ccache", "--suite", suite, "--arch", "arm64"]
        name = f"{suite}-arm64"
        if wanted != version():
            words += ["--as-version", wanted]
            name += f"-{wanted}"
        folder = store.REPOSITORY / "build/packages" / name
        if not any(folder.glob("nvgpuctl_*.deb")) or \
                folder.stat().st_mtime < sources_changed():
            store.say(f"building the packages of {wanted} for {suite}, arm64 (many "
                      "minutes when nothing is cached)")
            store.run(store.REPOSITORY / "packaging/build/package.sh", "deb", *words)
        for package, architecture in (("nvgpuctl", "arm64"), ("nvgpuctl-dkms", "all")):
            files = list(folder.glob(f"{package}_{wanted}-*_{architecture}.deb"))
            if len(files) != 1:
                raise LabError(f"{folder} has not one {package} of {wanted}: {files}")
            found += files
    return found


def kernel_names(kernel):
    """Packages that are new with a kernel: its own, and its headers'."""
    names = [f"linux-image-{kernel.version}", f"linux-headers-{kernel.version}"]
    for name in names:
        names += [other for other in debian.depends(kernel.suite, f"{name}:arm64")
                  if re.match(r"linux-\w+-\d", other) and other not in names]
    return names


def compilers(kernel):
    """What its headers want, and no kernel brings along."""
    return [name for name in
            debian.depends(kernel.suite, f"linux-headers-{kernel.version}:arm64")
            if name.startswith("gcc-")]


def next_kernel(suite):
    """What a host of the suite is upgraded to."""
    return kernels.of_suite(NEXT_KERNEL[suite])


def on_host(suite, kernel):
    """What makes a host of the suite one that packages can be installed on."""
    libraries = [name for package in LIBRARIES_OF
                 for name in debian.depends(suite, f"{package}:arm64")
                 if not name.endswith("-dev")]
    return TOOLS + libraries + kernel_names(kernel) + compilers(kernel) + \
        compilers(next_kernel(suite))


def of_kernel(kernel):
    """Their files, and those of what they want newer than a host has it."""
    names = [*kernel_names(kernel), "linux-base"]
    versions = debian.in_suite(kernel.suite, "field",
                               f"linux-image-{kernel.version}:arm64", "Version")

    def make(path):
        path.mkdir()
        debian.in_suite(kernel.suite, "download", path, *[
            name if name.endswith(("-common", "-base")) else f"{name}:arm64"
            for name in names])

    folder = store.cached(f"packages-{kernel.version}", store.digest(versions, *names),
                          make, f"a copy of the packages of Linux {kernel.version}")
    return sorted(folder.glob("*.deb"))
