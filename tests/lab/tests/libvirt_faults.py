# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts of domains that go wrong: libvirt says which sentence, the GPU is not
lost, and nvgpuctl tells the truth about it. One boot serves all cases."""

import re
import time

import driver
from labhost import virt
from labhost.host import CheckFailed
from libvirt_guest import give, listed, no_denials, nothing_left

STATE = "/var/lib/nvgpuctl"
# It holds a start between our hook's preparation and the guest.
BRAKE = "/etc/libvirt/hooks/qemu.d/60-brake"
BRAKE_TEXT = """\
#!/bin/sh
cat >/dev/null
[ "$2" = prepare ] && [ -e /run/lab-brake ] || exit 0
touch /run/lab-braking
while [ -e /run/lab-brake ]; do sleep 0.2; done
rm /run/lab-braking
"""
# What a host has left that lost power in the middle of a bind.
JOURNAL = """\
{{"apiVersion": "nvgpuctl/v1", "kind": "Journal",
 "verb": "bind", "phase": "apply",
 "boot_id": "11111111-2222-3333-4444-555555555555",
 "who": "root (pid 812), nvgpuctl bind", "when": "2026-01-31T09:30:00Z",
 "gpus": [
  {{"address": "{0}",
   "before": {{"driver": null, "driver_override": null, "kernel_chooses": false, "origin": null}},
   "after": {{"driver": "nvgrace_gpu_vfio_pci", "driver_override": "nvgrace_gpu_vfio_pci", "kernel_chooses": false, "origin": null}}}}
 ]}}
"""


def refused(lab, domain, *wanted):
    """The start fails, with these words in what virsh says."""
    done = domain.start(check=False)
    lab.equal("exit code of virsh start", done.code, 1)
    for words in wanted:
        lab.check(f"virsh says '{words}'", words in done.err, done.err)
    lab.equal("state of the domain", domain.state(), "shut off")


def never_ready(lab, gpu, domain):
    gpu.control("ready c2c=0x0")
    lab.host.mark("never ready")
    refused(lab, domain, f"{gpu.address}: NVG-E073 change-failed", "has no driver",
            f"{gpu.address}: memory not ready after", "everything is as it was before")
    log = "\n".join(lab.host.since("never ready"))
    lab.check("and there it is", f"{gpu.address}: memory not ready after" in log, log)
    nothing_left(lab, gpu)
    gpu.control("ready c2c=0xff hbm=0xff")


def held(lab, gpu, domain):
    """Somebody has bound the GPU and opened it."""
    host = lab.host
    host.run(["nvgpuctl", "bind", gpu.address], timeout=120)
    group = host.link(f"{gpu.sysfs}/iommu_group")
    host.sh(f"exec 3<>/dev/vfio/{group}; sleep 600 <&3 >/dev/null 2>&1 & "
            "echo $! >/run/lab-holder")
    holder = host.read("/run/lab-holder")
    refused(lab, domain, f"{gpu.address}: NVG-E072 gpu-held", f"sleep (pid {holder}",
            f"/dev/vfio/{group}")
    lab.equal("list says", listed(lab, gpu), ("bound", driver.VARIANT))
    host.run(["kill", holder])
    host.run(["nvgpuctl", "unbind", gpu.address])
    nothing_left(lab, gpu)


def somebody_elses(lab, gpu, domain):
    """Another manager has given it to vfio-pci, as driverctl does. It is bound
    for the domain and goes back there."""
    host = lab.host
    host.run(["modprobe", "vfio-pci"])
    host.write(f"{gpu.sysfs}/driver_override", "vfio-pci")
    host.write("/sys/bus/pci/drivers_probe", gpu.address)
    lab.equal("driver before", gpu.driver(), "vfio-pci")
    domain.start()
    lab.equal("list says", listed(lab, gpu), ("bound", driver.VARIANT))
    domain.virsh("destroy", domain.name)
    lab.equal("driver afterwards", gpu.driver(), "vfio-pci")
    lab.equal("driver_override afterwards", host.read(f"{gpu.sysfs}/driver_override"),
              "vfio-pci")
    host.write(f"{gpu.sysfs}/driver/unbind", gpu.address)
    host.write(f"{gpu.sysfs}/driver_override", "\n")
    nothing_left(lab, gpu)


def no_driver(lab, gpu, domain):
    host = lab.host
    host.run(["rmmod", "nvgrace_gpu_vfio_pci"])
    host.run(["sh", "-c", "echo 'install nvgrace-gpu-vfio-pci /bin/false' "
                          ">/etc/modprobe.d/lab-missing.conf"])
    refused(lab, domain, f"{gpu.address}: NVG-E073 change-failed",
            "module nvgrace_gpu_vfio_pci: modprobe could not load it")
    nothing_left(lab, gpu)
    host.run(["rm", "/etc/modprobe.d/lab-missing.conf"])


def with_four_nodes(xml):
    """The GPU's nodes 5 to 8 taken out, in libvirt's words or in QEMU's."""
    xml = re.sub(r"""nodeset=(['"])1-8\1""", "nodeset='1-4'", xml)
    return re.sub(r"""<qemu:arg value=['"]-object['"]/>\s*"""
                  r"""<qemu:arg value=['"]acpi-generic-initiator,[^'"]*,node=[5-8]['"]/>""",
                  "", xml)


def wrong_domains(lab, gpu, domain):
    good = domain.virsh("dumpxml", "--inactive", domain.name).out
    domain.define(with_four_nodes(good))
    done = lab.host.run(["nvgpuctl", "xml", "lint", domain.name], check=False)
    lab.equal("exit code of lint", done.code, 3)
    lab.check("lint sees the cells that are missing", "gi-count" in done.out, done.out)
    domain.define(good.replace("bus='0x01' slot='0x00' function='0x0'/>\n      </source>",
                               "bus='0x1e' slot='0x00' function='0x0'/>\n      </source>"))
    done = lab.host.run(["nvgpuctl", "xml", "lint", domain.name], check=False)
    lab.equal("exit code of lint without the GPU", done.code, 3)
    lab.check("lint sees that it is absent", "gpu-absent" in done.out, done.out)
    refused(lab, domain, "Device 0000:1e:00.0 not found")
    nothing_left(lab, gpu)
    domain.define(good)


def start_and_brake(lab, domain):
    """Up to where our hook is through with it; `virsh start` waits."""
    lab.host.run(["touch", "/run/lab-brake"])
    lab.host.sh(f"rm -f {domain.serial}; virsh start {domain.name} "
                ">/run/lab-start 2>&1 & echo $! >/run/lab-start.pid")
    lab.host.wait_until("test -e /run/lab-braking")


def release_brake(lab):
    lab.host.run(["rm", "/run/lab-brake"])
    lab.host.wait_until("! kill -0 $(cat /run/lab-start.pid)")
    return lab.host.read("/run/lab-start")


def daemon_killed(lab, gpu, domain):
    """Between prepare and start. Nobody tells the hook; the next start of the
    domain finds its GPU as it wants it, and gives it back at the end."""
    host = lab.host
    start_and_brake(lab, domain)
    lab.equal("list says", listed(lab, gpu), ("bound", driver.VARIANT))
    host.run(["pkill", "-9", "-x", "libvirtd"])
    print("    virsh: " + release_brake(lab).strip().split("\n")[-1])
    lab.host.wait_until("virsh list")
    lab.equal("state of the domain", domain.state(), "shut off")
    lab.equal("list says", listed(lab, gpu), ("bound", driver.VARIANT))


def hook_replaced(lab, gpu, domain):
    """While the domain starts, as an upgrade of the package would do."""
    host = lab.host
    start_and_brake(lab, domain)
    host.run(["install", "-m", "0755", virt.HOOK, f"{virt.HOOK}.dpkg-new"])
    host.run(["mv", f"{virt.HOOK}.dpkg-new", virt.HOOK])
    lab.check("virsh says that the domain has started",
              "started" in (said := release_brake(lab)), said)
    lab.equal("state of the domain", domain.state(), "running")
    domain.virsh("destroy", domain.name)
    nothing_left(lab, gpu)


def stale_journal(lab, gpu, domain):
    """The host lost power in the middle of a bind."""
    host = lab.host
    host.run(["mkdir", "-p", STATE])
    host.write(f"{STATE}/journal", JOURNAL.format(gpu.address))
    domain.start()
    lab.equal("journal", host.exists(f"{STATE}/journal"), False)
    lab.equal("list says", listed(lab, gpu), ("bound", driver.VARIANT))


def rival(lab, gpu, domain, other):
    refused(lab, other, f"{gpu.address}: NVG-E071 claimed-by-domain",
            f"'{domain.name}' has had it since")
    lab.equal("state of the one that runs", domain.state(), "running")
    lab.equal("list says", listed(lab, gpu), ("bound", driver.VARIANT))


def daemon_restarted(lab, gpu, domain):
    domain.wait_for("up")
    lab.host.run(["systemctl", "restart", "libvirtd"], timeout=virt.PATIENCE)
    lab.equal("state of the guest after libvirt's restart", domain.state(), "running")
    domain.shut_down()
    lab.check("the guest came to its end", "end" in domain.reports(),
              domain.reports())
    nothing_left(lab, gpu)


def both_at_once(lab, gpu, domain, other):
    lab.host.sh(f"virsh start {domain.name} >/run/lab-1 2>&1 & "
                f"virsh start {other.name} >/run/lab-2 2>&1 & wait",
                timeout=2 * virt.PATIENCE)
    states = sorted([domain.state(), other.state()])
    said = lab.host.read("/run/lab-1") + lab.host.read("/run/lab-2")
    lab.equal(f"states of both ({said.strip()})", states, ["running", "shut off"])
    lab.check("virsh says who has it", "NVG-E071 claimed-by-domain" in said, said)
    for one in (domain, other):
        if one.state() == "running":
            one.virsh("destroy", one.name)
    nothing_left(lab, gpu)


def attempt(lab, gpu, case, *domains):
    """A case that breaks off leaves nothing that the next one stumbles over."""
    try:
        case(lab, gpu, *domains)
    except CheckFailed as failure:
        lab.fail(str(failure))
        lab.host.sh("rm -f /run/lab-brake; virsh destroy grace; virsh destroy rival; "
                    f"nvgpuctl unbind {gpu.address}", check=False,
                    timeout=virt.PATIENCE)


def run(lab):
    gpu = lab.gpus[0]
    started = time.monotonic()

    def section(text):
        lab.section(f"{text} ({time.monotonic() - started:.0f} s)")

    section("two domains with the same GPU")
    virt.prepare(lab.host)
    lab.host.write(BRAKE, BRAKE_TEXT)
    lab.host.run(["chmod", "0755", BRAKE])
    virt.notice_hook(lab)
    domain, other = (virt.Domain(lab.host, name, ["stay"])
                     for name in ("grace", "rival"))
    for one in (domain, other):
        one.define()
        give(lab, one, gpu)
    nothing_left(lab, gpu)
    for text, case in {
            "memory that never becomes ready": never_ready,
            "held by a process": held,
            "given to vfio-pci by somebody else": somebody_elses,
            "no driver": no_driver,
            "domains that are wrong": wrong_domains,
            "libvirtd dies between prepare and start": daemon_killed,
            "the hook is replaced meanwhile": hook_replaced,
            "a journal of another boot": stale_journal}.items():
        section(text)
        attempt(lab, gpu, case, domain)
    section("another domain wants the GPU of a running one")
    attempt(lab, gpu, rival, domain, other)
    section("libvirtd restarts under a running guest")
    attempt(lab, gpu, daemon_restarted, domain)
    section("both at once")
    attempt(lab, gpu, both_at_once, domain, other)
    no_denials(lab)
