# SPDX-License-Identifier: GPL-2.0-or-later
"""Domains of the simulated host's libvirt, and the guests in them."""

import re
import time
import xml.etree.ElementTree as ElementTree

from labhost.host import CheckFailed

MEMORY_MIB = 768
BOOT = "/var/lib/libvirt/boot"
HOOK = "/etc/libvirt/hooks/qemu.d/50-nvgpuctl"
QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"
# Emulated twice, and others may use this machine, too.
PATIENCE = 300

# What an operator has before nvgpuctl comes: nothing of a GPU.
PLAIN = """\
<domain type='kvm'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>1</vcpu>
  <os firmware='efi'>
    <type arch='aarch64' machine='virt'>hvm</type>
    <firmware>
      <feature enabled='no' name='secure-boot'/>
    </firmware>
    <kernel>{boot}/guest.vmlinuz</kernel>
    <initrd>{boot}/guest.initrd</initrd>
    <cmdline>console=ttyAMA0 panic=-1 quiet {words}</cmdline>
  </os>
  <features>
    <acpi/>
    <gic version='3'/>
  </features>
  <cpu mode='host-passthrough'/>
  <on_reboot>destroy</on_reboot>
  <devices>
    <!-- the operator's own remark -->
    <serial type='file'>
      <source path='{serial}'/>
    </serial>
  </devices>
</domain>
"""


def prepare(host):
    """Once a boot: the guest's files, and libvirt's first look at QEMU."""
    host.run(["mkdir", "-p", BOOT])
    host.run(["cp", "/lab/guest.vmlinuz", "/lab/guest.initrd", BOOT])
    host.run(["virsh", "domcapabilities"], timeout=PATIENCE)


def notice_hook(lab):
    """`cmake --install` has put it there, where libvirt's AppArmor profile lets it
    run; libvirt looks for hooks when it starts, and when it is told."""
    kind = lab.host.run(["stat", "-c", "%F %a", HOOK]).out.strip()
    lab.equal("the hook's file", kind, "regular file 755")
    lab.host.run(["systemctl", "try-reload-or-restart", "libvirtd"], timeout=PATIENCE)
    # Here it takes longer than nvgpuctl would wait for an answer.
    lab.host.run(["virsh", "version"], timeout=PATIENCE)


class Domain:
    """One domain. `words` tell its guest what to do; see guest-init.sh."""

    def __init__(self, host, name, words=()):
        self.host = host
        self.name = name
        self.serial = f"/var/log/libvirt/qemu/{name}-serial.log"
        self.plain = PLAIN.format(name=name, memory=MEMORY_MIB, boot=BOOT,
                                  words=" ".join(words), serial=self.serial)

    def virsh(self, verb, *options, check=True, stdin=b""):
        return self.host.run(["virsh", verb, *options], check=check, stdin=stdin,
                             timeout=PATIENCE)

    def define(self, text=None):
        self.virsh("define", "--validate", "/dev/stdin",
                   stdin=(text or self.plain).encode())

    def undefine(self):
        self.virsh("undefine", "--nvram", self.name)

    def xml(self, *options):
        """By default what the next start uses."""
        return ElementTree.fromstring(
            self.virsh("dumpxml", *(options or ["--inactive"]), self.name).out)

    def start(self, check=True):
        self.host.run(["rm", "-f", self.serial])
        return self.virsh("start", self.name, check=check)

    def state(self):
        return self.virsh("domstate", self.name).out.strip()

    def reports(self):
        """What the guest has said up to now: {"NAME": "VALUE"}."""
        text = self.host.run(["cat", self.serial], check=False).out
        return dict(re.findall(r"guest: (\S+) ?(.*?)\r?$", text, re.MULTILINE))

    def wait_for(self, report):
        """Until the guest says it; everything that it has said."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            reports = self.reports()
            if report in reports:
                return reports
            if self.state() != "running":
                break
            time.sleep(2)
        raise CheckFailed(f"the guest of {self.name} did not report '{report}': "
                          + self.host.run(["tail", "-n", "20", self.serial],
                                          check=False).out[-1500:])

    def wait_until_off(self):
        deadline = time.monotonic() + PATIENCE
        while self.state() != "shut off":
            if time.monotonic() > deadline:
                raise CheckFailed(f"{self.name} is still {self.state()}")
            time.sleep(1)

    def shut_down(self):
        """As one presses the power button."""
        self.virsh("shutdown", self.name)
        self.wait_until_off()

    def label(self):
        """What AppArmor calls the running QEMU."""
        return self.host.sh(
            f"cat /proc/$(cat /run/libvirt/qemu/{self.name}.pid)/attr/current"
        ).out.strip()


def distances(tree):
    """The domain's NUMA distances, {(from, to): value}, wherever they stand;
    what libvirt and QEMU do not have to be told is left out."""
    found = {}
    for cell in tree.iter("cell"):
        for sibling in cell.iter("sibling"):
            found[int(cell.get("id")), int(sibling.get("id"))] = \
                int(sibling.get("value"))
    for argument in tree.iter(f"{QEMU}arg"):
        dist = re.fullmatch(r"dist,src=(\d+),dst=(\d+),val=(\d+)",
                            argument.get("value"))
        if dist:
            found[int(dist[1]), int(dist[2])] = int(dist[3])
    return found


def guest_distances(reports):
    """The same as the guest's kernel sees it."""
    found = {}
    for name, value in reports.items():
        if name.startswith("distances-"):
            source = int(name.removeprefix("distances-"))
            for target, distance in enumerate(value.split()):
                found[source, target] = int(distance)
    return found


def guest_address(tree):
    """Where the guest finds the GPU: behind the root port behind the PCI
    expander, whose bus number is the domain's to choose."""
    numbers = [int(target.get("busNr")) for target in tree.iter("target")
               if target.get("busNr")]
    if len(numbers) != 1:
        raise CheckFailed(f"the domain has {len(numbers)} PCI expanders, not one")
    return f"0000:{numbers[0] + 1:02x}:00.0"
