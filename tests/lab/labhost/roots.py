# SPDX-License-Identifier: GPL-2.0-or-later
"""The trees that the lab runs from: its tools, and the userland of its host."""

import os
import pathlib
import shutil

from labhost import debian, packages, store

TOOLS = ["base-files", "qemu-system-arm", "qemu-efi-aarch64", "systemd"]

HOST = """
  base-files base-passwd bash coreutils dash diffutils findutils grep sed mawk
  tar gzip xz-utils util-linux mount systemd systemd-sysv udev dbus kmod procps
  psmisc iproute2 busybox-static qemu-guest-agent qemu-system-arm
  qemu-efi-aarch64 pciutils acpica-tools numactl strace
""".split()
# For scenarios with `libvirt: true`: what a Debian administrator would install.
LIBVIRT = """
  libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients apparmor
  nftables bsdutils libc-bin
""".split()
LIBVIRT_UNITS = ["apparmor.service", "libvirtd.service"]
# Debian's scripts make these where the package brings no such file of its own.
LIBVIRT_USERS = """\
g kvm -
g libvirt -
g libvirt-qemu 64055
u libvirt-qemu 64055:kvm - /var/lib/libvirt
m libvirt-qemu libvirt-qemu
"""

# The program's libraries have other names in every suite; these lead to them.
HOST_LIBRARIES_OF = ["libyaml-cpp-dev", "libfmt-dev", "libpci-dev",
                     "libxml2-dev", "libudev-dev"]

# What would only cost time at every boot of a fresh disk.
MASKED = """
  ldconfig.service systemd-hwdb-update.service systemd-firstboot.service
  systemd-journal-catalog-update.service systemd-machine-id-commit.service
  systemd-binfmt.service systemd-random-seed.service systemd-sysusers.service
  systemd-update-done.service systemd-journal-flush.service
  systemd-tmpfiles-clean.timer systemd-networkd.service systemd-logind.service
  modprobe@drm.service dev-hugepages.mount dev-mqueue.mount
  serial-getty@ttyAMA0.service
  serial-getty@hvc0.service getty@tty1.service
""".split()

SHELL_UNIT = """\
# For `./dev lab shell`: whoever has the test machine has this one.
[Unit]
Description=Root shell for the lab
After=basic.target
[Service]
Environment=TERM=xterm HOME=/root PATH=/usr/bin:/usr/sbin
WorkingDirectory=/root
ExecStart=-/bin/bash -l
StandardInput=tty-force
StandardOutput=tty
StandardError=tty
TTYPath=/dev/hvc0
Restart=always
RestartSec=0
[Install]
WantedBy=multi-user.target
"""


class Tools:
    """Programs of a tree that this machine may be too old for.

    They run with the tree's own loader and libraries, not in a chroot, so
    that they need no privilege and see the machine's files.
    """

    def __init__(self, root):
        self.root = root
        triplet = {"amd64": "x86_64", "arm64": "aarch64"}[debian.native()]
        self.libraries = root / f"usr/lib/{triplet}-linux-gnu"
        self.loader = next(self.libraries.glob("ld-linux-*.so.*"))

    def command(self, program, *arguments):
        paths = f"{self.libraries}:{self.libraries}/systemd"
        return [str(part) for part in (
            self.loader, "--library-path", paths, self.root / "usr/bin" / program,
            *arguments)]

    def qemu(self, *arguments):
        return self.command("qemu-system-aarch64", "-L",
                            self.root / "usr/share/qemu", *arguments)

    @property
    def firmware(self):
        return self.root / "usr/share/qemu-efi-aarch64/QEMU_EFI.fd"


def tools():
    key = store.digest(*TOOLS, debian.SUITE, debian.LIBRARY)
    return Tools(store.cached(
        "tools", key, lambda path: debian.extract_root(debian.SUITE, path, TOOLS),
        "a tree with QEMU (half a minute)"))


def host_image(suite, libvirt, kernel=None):
    """The host's disk: a Debian userland that systemd boots.

    With `kernel`, dpkg knows of all that is there, the kernel and what builds
    modules for it are there, too, and nvgpuctl can be installed.
    """
    names = HOST + LIBVIRT * libvirt
    name = f"host{'-libvirt' * libvirt}{'-packages' * bool(kernel)}-{suite}"
    files = [pathlib.Path(__file__), pathlib.Path(debian.__file__)]
    if kernel:
        names = names + packages.on_host(suite, kernel)
        files.append(pathlib.Path(packages.__file__))
    key = store.digest(*names, *HOST_LIBRARIES_OF, suite, debian.LIBRARY, *files)
    return store.cached(
        name, key, lambda path: make_host_image(path, suite, names, kernel),
        f"the simulated host's disk with {suite}{' and libvirt' * libvirt}"
        f"{', compiler and packages' * bool(kernel)} (a minute or two)")


def make_host_image(path, suite, names, kernel):
    root = path.with_name(path.name + ".root")
    store.remove(root)
    libraries = [name for package in HOST_LIBRARIES_OF
                 for name in debian.depends(suite, f"{package}:arm64")
                 if not name.endswith("-dev")]
    debian.extract_root(suite, root, names + libraries, "--architectures=arm64",
                        *([packages.KEEP_DEBS] if kernel else []))
    configure(root)
    if kernel:
        packages.record(root)
        store.run("depmod", "-b", root, kernel.version)
    store.run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-L", "host",
              "-d", root, path, "4G")
    store.remove(root)


def configure(root):
    """What the packages' own scripts would have done, as far as it matters."""
    etc = root / "etc"
    for name in ("passwd", "group"):
        shutil.copy(root / f"usr/share/base-passwd/{name}.master", etc / name)
    if (etc / "libvirt").exists():
        (etc / "sysusers.d").mkdir(exist_ok=True)
        (etc / "sysusers.d/libvirt-qemu.conf").write_text(LIBVIRT_USERS,
                                                          encoding="ascii")
    store.run(*tools().command("systemd-sysusers", f"--root={root}"))
    for name, text in {
            "hostname": "grace\n",
            "machine-id": "0123456789abcdef0123456789abcdef\n",
            "locale.conf": "LANG=C.UTF-8\n",
            "fstab": "",
            "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
            "systemd/system/lab-shell.service": SHELL_UNIT,
            # It knows the device id of some GPUs, and nothing of a simulated one.
            "modprobe.d/lab.conf": "blacklist nouveau\n",
            "systemd/journald.conf.d/lab.conf": "[Journal]\nStorage=volatile\n",
    }.items():
        (etc / name).parent.mkdir(parents=True, exist_ok=True)
        (etc / name).write_text(text, encoding="ascii")
    system = etc / "systemd/system"
    for unit in MASKED:
        (system / unit).symlink_to("/dev/null")
    wants = system / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / "lab-shell.service").symlink_to("../lab-shell.service")
    (root / "usr/bin/awk").symlink_to("mawk")
    for link in ("run", "lock"):
        shutil.rmtree(root / "var" / link, ignore_errors=True)
    (root / "var/run").symlink_to("/run")
    (root / "var/lock").symlink_to("/run/lock")
    for folder in ("lab", "usr/lib/modules"):
        (root / folder).mkdir(exist_ok=True)
    for folder in ("etc", "var"):
        (root / folder / ".updated").touch()
    if (etc / "libvirt").exists():
        configure_libvirt(root)


def configure_libvirt(root):
    # Each of the many profiles for programs that are not here would cost half a
    # second of every boot.
    profiles = root / "etc/apparmor.d"
    for profile in profiles.iterdir():
        if profile.is_file() and "libvirt" not in profile.name:
            (profiles / "disable" / profile.name).symlink_to(f"../{profile.name}")
    store.run(*tools().command("systemctl", f"--root={root}", "enable",
                               *LIBVIRT_UNITS))
    # AppArmor's records go to the kernel log, where none may be left out.
    (root / "etc/sysctl.d/lab.conf").write_text("kernel.printk_ratelimit = 0\n",
                                                encoding="ascii")
    users = (line.split(":") for line in
             (root / "etc/passwd").read_text(encoding="ascii").split("\n"))
    group = next(user[3] for user in users if user[0] == "libvirt-qemu")
    state = root / "var/lib/libvirt/qemu"
    os.chown(state, 64055, int(group))
    state.chmod(0o750)
    (root / "var/cache/libvirt/qemu").chmod(0o711)
    (root / "etc/libvirt/qemu.conf").chmod(0o600)
