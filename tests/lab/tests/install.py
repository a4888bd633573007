# SPDX-License-Identifier: GPL-2.0-or-later
"""One host's life with the Debian packages. It begins with neither program nor
driver; dpkg, apt, DKMS, the compiler and the kernels are Debian's own."""

import json
import re
import time

import boot
import driver
import libvirt_guest
from labhost import packages, virt

PROGRAM = "/usr/bin/nvgpuctl"
MODULE = "nvgrace-gpu-vfio-pci"
BOTH = ("nvgpuctl", "nvgpuctl-dkms")
# Emulated: apt, and DKMS with a compiler.
PATIENCE = 2400
KNOWN_DEVICES = 5
# What lives on whoever is installed, and the package managers' own records.
NOT_COMPARED = """/lab /tmp /var/tmp /var/log /var/cache /var/lib/dpkg /var/lib/apt
  /var/lib/systemd /var/lib/libvirt /etc/apparmor.d/libvirt""".split()


def apt(lab, *words, check=True):
    # The lab has an initrd of its own; kernels' hooks are to make none.
    return lab.host.run(["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8",
                         "INITRD=No", "apt-get", "-y", "-q", *words], check=check,
                        timeout=PATIENCE)


def install(lab, version):
    return apt(lab, "install", f"/lab/nvgpuctl_{version}-1~deb{number(lab)}_arm64.deb",
               f"/lab/nvgpuctl-dkms_{version}-1~deb{number(lab)}_all.deb")


def number(lab):
    return {"trixie": 13, "forky": 14}[lab.scenario.suite]


def everything(lab):
    """{path: what is there}, of all that a package could leave behind."""
    prune = " -o ".join(f"-path {path}" for path in NOT_COMPARED)
    found = lab.host.sh(rf"find / -xdev \( {prune} \) -prune -o -type d "
                        r"-printf '%p\t%y%m\n' -o -printf '%p\t%y%m %s %l\n'",
                        timeout=300).out
    return dict(line.split("\t", 1) for line in found.rstrip("\n").split("\n"))


def status(lab, package):
    return lab.host.run(["dpkg-query", "-W", "-f=${db:Status-Abbrev}${Version}",
                         package], check=False).out.split()


def module_is_there(lab, kernel, version):
    """DKMS' module is the one that modprobe and libvirt find."""
    done = lab.host.run(["modinfo", "-k", kernel.version, MODULE], check=False)
    if not lab.equal(f"exit code of modinfo for {kernel.version}", done.code, 0):
        return
    fields = [line.split(":", 1) for line in done.out.split("\n") if ":" in line]
    values = {name: text.strip() for name, text in fields}
    lab.equal("the module", (values["version"], values["vermagic"].split()[0]),
              (version, kernel.version))
    lab.check("DKMS' folder", "/updates/dkms/" in values["filename"], values["filename"])
    lab.equal("aliases for libvirt", sum(
        text.strip().startswith("vfio_pci:v000010DEd") for name, text in fields
        if name == "alias"), KNOWN_DEVICES)
    lab.equal("DKMS says", lab.host.run(["dkms", "status", "-k", kernel.version]).out
              .strip(), f"nvgpuctl/{version}, {kernel.version}, aarch64: installed")


def installed_well(lab, version):
    for package in BOTH:
        lab.equal(f"dpkg has {package}", status(lab, package),
                  ["ii", f"{version}-1~deb{number(lab)}"])
    lab.equal("nvgpuctl version", lab.host.run(["nvgpuctl", "version"]).out.strip(),
              f"nvgpuctl {version}")
    lab.equal("what dpkg -V finds", lab.host.run(
        ["dpkg", "-V", *BOTH], check=False, timeout=120).out, "")


def bare(lab, gpu):
    """Before: the lab has put nothing of ours there."""
    host = lab.host
    lab.equal("program", host.exists(PROGRAM), False)
    lab.equal("hook", host.exists(virt.HOOK), False)
    lab.check("module", host.run(["modinfo", MODULE], check=False).code != 0)
    lab.equal("driver", gpu.driver(), None)
    lab.equal("kernel", host.run(["uname", "-r"]).out.strip(), lab.kernel.version)
    # The host's depmod writes more than that of the machine that made its disk.
    host.run(["depmod"], timeout=300)
    lab.equal("dpkg's audit", host.run(["dpkg", "--audit"], check=False).out, "")


def first_installation(lab, gpu):
    host = lab.host
    said = install(lab, packages.version()).out
    lab.check("the package says for which kernel", "nvgpuctl-dkms: the driver is "
              f"installed for Linux {lab.kernel.version}" in said, said[-1500:])
    installed_well(lab, packages.version())
    module_is_there(lab, lab.kernel, packages.version())
    for unit in boot.UNITS:
        lab.equal(unit, host.run(["systemctl", "is-enabled", unit],
                                 check=False).out.strip(), "enabled")
    conffiles = host.run(["dpkg-query", "-W", "-f=${Conffiles}", "nvgpuctl"]).out
    lab.equal("conffiles", re.findall(r"^ (\S+) ", conffiles, re.MULTILINE), [virt.HOOK])
    lab.equal("list says", libvirt_guest.listed(lab, gpu), ("ready", None))
    libvirt_guest.fit_for_gpus(lab)
    # Nothing is bound by installing, and no kernel module is loaded.
    lab.equal("driver", gpu.driver(), None)
    lab.equal("loaded", host.exists("/sys/module/nvgrace_gpu_vfio_pci"), False)


def policy(lab, gpu):
    lab.host.run(["mkdir", "-p", "/etc/nvgpuctl"])
    boot.write_policy(lab)
    boot.reboot(lab)
    boot.has_its_driver(lab, gpu)
    said = lab.host.run(["journalctl", "-b", "-o", "cat", "-u", boot.UNITS[1]]).out
    lab.check("the unit has bound and proven it", "validate it through VFIO" in said, said)
    # Not a file of all this is from elsewhere.
    for path in (PROGRAM, virt.HOOK, "/usr/lib/udev/rules.d/70-nvgpuctl.rules",
                 f"/usr/lib/systemd/system/{boot.UNITS[1]}"):
        lab.equal(f"owner of {path}", lab.host.run(["dpkg", "-S", path], check=False)
                  .out.strip(), f"nvgpuctl: {path}")


def start_domain(lab, gpu):
    virt.prepare(lab.host)
    virt.notice_hook(lab)
    domain = virt.Domain(lab.host, "grace", libvirt_guest.words_for_guest(lab, gpu))
    domain.define()
    tree = libvirt_guest.give(lab, domain, gpu)
    domain.start()
    libvirt_guest.look_inside(lab, gpu, tree, domain.wait_for("up"))
    return domain


def claimed_by(lab, gpu):
    """The domain that the hook has noted down for the GPU, if any."""
    record = f"/var/lib/nvgpuctl/origin/{gpu.address}.json"
    return json.loads(lab.host.read(record))["origin"]["domain"]


def runs_on(lab, gpu, domain, pid):
    """The same QEMU, with the same GPU."""
    lab.equal("the domain", domain.state(), "running")
    lab.equal("QEMU's process", domain_pid(lab, domain), pid)
    lab.equal("driver", gpu.driver(), driver.VARIANT)
    lab.equal("list says", libvirt_guest.listed(lab, gpu), ("bound", driver.VARIANT))
    lab.equal("the hook has given the GPU to", claimed_by(lab, gpu), domain.name)


def domain_pid(lab, domain):
    return lab.host.read(f"/run/libvirt/qemu/{domain.name}.pid")


def upgrade(lab, gpu, domain):
    pid = domain_pid(lab, domain)
    newer = packages.next_version()
    install(lab, newer)
    installed_well(lab, newer)
    module_is_there(lab, lab.kernel, newer)
    # The one that serves the GPU is the older one until the next boot.
    lab.equal("the loaded driver", lab.host.read(
        "/sys/module/nvgrace_gpu_vfio_pci/version"), packages.version())
    runs_on(lab, gpu, domain, pid)


def refused(lab, gpu, domain):
    pid = domain_pid(lab, domain)
    done = apt(lab, "remove", "nvgpuctl", check=False)
    said = done.out + done.err
    lab.check("removal fails", done.code != 0, done.code)
    for words in (f"nvgpuctl: giving back {gpu.address}", domain.name,
                  "nvgpuctl: not removed: of the GPUs that it has bound"):
        lab.check(f"it says '{words}'", words in said, said[-2500:])
    installed_well(lab, packages.next_version())
    for unit in boot.UNITS:
        lab.equal(unit, lab.host.run(["systemctl", "is-enabled", unit],
                                     check=False).out.strip(), "enabled")
    runs_on(lab, gpu, domain, pid)


def shut_down(lab, gpu, domain):
    """The upgraded hook lets go of what the older one has taken."""
    domain.shut_down()
    lab.check("the guest came to its end", "end" in domain.reports(), domain.reports())
    # The policy wants it bound with or without a domain.
    boot.has_its_driver(lab, gpu)
    lab.equal("the hook has given the GPU to", claimed_by(lab, gpu), None)
    domain.start()
    domain.wait_for("up")
    runs_on(lab, gpu, domain, domain_pid(lab, domain))
    domain.shut_down()
    lab.equal("the hook has given the GPU to", claimed_by(lab, gpu), None)
    libvirt_guest.no_denials(lab)


def next_kernel(lab, later):
    """Its own package calls DKMS; nobody says a word to it here."""
    apt(lab, "install", *lab.host.sh("ls /lab/linux-*.deb").out.split())
    module_is_there(lab, later, packages.next_version())
    module_is_there(lab, lab.kernel, packages.next_version())


def boot_kernel(lab, gpu, later):
    lab.quiet_kernel()
    lab.start_with(later)
    boot.settle(lab)
    lab.equal("kernel", lab.host.run(["uname", "-r"]).out.strip(), later.version)
    boot.has_its_driver(lab, gpu)
    lab.equal("the loaded driver", lab.host.read(
        "/sys/module/nvgrace_gpu_vfio_pci/version"), packages.next_version())


def remove(lab, gpu, kernels):
    host = lab.host
    done = apt(lab, "remove", *BOTH)
    lab.check("the GPU is given back", f"nvgpuctl: giving back {gpu.address}"
              in done.out + done.err, done.out + done.err)
    lab.equal("driver", gpu.driver(), None)
    lab.equal("driver_override", host.read(f"{gpu.sysfs}/driver_override"), "(null)")
    lab.equal("program", host.exists(PROGRAM), False)
    for kernel in kernels:
        lab.check(f"no module for {kernel.version}", host.run(
            ["modinfo", "-k", kernel.version, MODULE], check=False).code != 0)
    lab.equal("DKMS says", host.run(["dkms", "status"]).out, "")
    # What stays is configuration: the hook, which lets every domain start.
    lab.equal("dpkg has", [status(lab, package)[:1] for package in BOTH[:1]], [["rc"]])
    lab.equal("exit code of the hook", host.run(
        [virt.HOOK, "grace", "prepare", "begin", "-"], check=False).code, 0)


def purge(lab, before, later):
    host = lab.host
    apt(lab, "purge", *BOTH)
    after = everything(lab)
    # The kernel that came, what its scripts put into /boot, what depmod makes for it,
    # and the links that it is given.
    names = host.sh("for deb in /lab/linux-*.deb; do dpkg-deb -f $deb Package; done").out
    kernels = set(host.run(["dpkg", "-L", *names.split()], timeout=120,
                           check=False).out.split("\n"))
    own = (f"/usr/lib/modules/{later.version}/modules.", "/vmlinuz", "/initrd.img",
           f"/boot/vmlinuz-{later.version}", f"/boot/config-{later.version}")
    new = {path: kind for path, kind in after.items() if before.get(path) != kind
           and path not in kernels and not path.startswith(own)}
    lab.equal("what is left behind or changed", new, {})
    lab.equal("what is missing", sorted(set(before) - set(after)), [])


def run(lab):
    gpu = lab.gpus[0]
    started = time.monotonic()
    later = packages.next_kernel(lab.scenario.suite)
    first = lab.kernel

    def section(text):
        lab.section(f"{text} ({time.monotonic() - started:.0f} s)")

    section("a host without nvgpuctl")
    bare(lab, gpu)
    before = everything(lab)
    section("installation")
    first_installation(lab, gpu)
    section("a policy, and a boot")
    policy(lab, gpu)
    section("a domain")
    domain = start_domain(lab, gpu)
    section("an upgrade under it")
    upgrade(lab, gpu, domain)
    section("a removal under it")
    refused(lab, gpu, domain)
    section("shutdown, and a start with the upgraded hook")
    shut_down(lab, gpu, domain)
    domain.undefine()
    if later.version == first.version:
        print("    Debian has no newer kernel for this suite: no kernel upgrade here")
    else:
        section(f"Linux {later.version}")
        next_kernel(lab, later)
        section("a boot of it")
        boot_kernel(lab, gpu, later)
    section("removal")
    remove(lab, gpu, [first, later])
    section("purge")
    purge(lab, before, later)
