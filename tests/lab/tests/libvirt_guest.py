# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operator does: from a plain domain to a guest with the GPU's memory,
and back. libvirt, AppArmor and systemd are Debian's, and as Debian sets them up."""

import json
import time

import driver
import replay
from labhost import virt
from labhost.host import CheckFailed

NODES = 8
# The native one has elements for what `legacy` says in QEMU's words.
PROFILES = {"forky": "native", "trixie": "legacy"}
WORD = 0x0123456789abcdef


def confined(lab):
    """libvirt uses AppArmor, and is confined itself."""
    host = lab.host
    capabilities = host.run(["virsh", "capabilities"], timeout=virt.PATIENCE).out
    lab.check("libvirt's security driver is apparmor",
              "<model>apparmor</model>" in capabilities, capabilities[:1500])
    label = host.sh("cat /proc/$(pgrep -x libvirtd)/attr/current").out.strip()
    lab.equal("AppArmor's profile of libvirtd", label, "libvirtd (enforce)")


def fit_for_gpus(lab):
    done = lab.host.run(["nvgpuctl", "doctor", "-o", "json"], check=False)
    sections = done.json()["sections"]
    bad = [check for section in sections for check in section["checks"]
           if check["verdict"] == "fail"]
    lab.equal("what doctor finds wrong", json.dumps(bad), "[]")


def listed(lab, gpu):
    """(state, driver) by `nvgpuctl list`."""
    items = lab.host.run(["nvgpuctl", "list", "-o", "json"]).json()["items"]
    item = next(item for item in items if item["address"] == gpu.address)
    return item["state"], item["driver"]["name"]


def nothing_left(lab, gpu):
    """The GPU is where it was, and nvgpuctl has nothing more to do."""
    lab.equal("driver", gpu.driver(), None)
    lab.equal("driver_override", lab.host.read(f"{gpu.sysfs}/driver_override"),
              "(null)")
    lab.equal("list says", listed(lab, gpu), ("ready", None))
    left = lab.host.sh("find /var/lib/nvgpuctl -type f 2>/dev/null || true").out
    lab.equal("files left in /var/lib/nvgpuctl", left.split(), [])


def lint(lab, domain):
    done = lab.host.run(["nvgpuctl", "xml", "lint", domain.name], check=False)
    if lab.kernel.number() < (6, 17):  # the kernel's shortcoming, and nothing else
        lab.check("lint has one remark", done.code == 3 and "(1 warning)" in done.out
                  and "kvm-device-memory" in done.out, done.out)
    else:
        lab.equal("lint is content", (done.code, done.out * (done.code != 0)), (0, ""))


def give(lab, domain, gpu):
    """Into the domain, and the domain to libvirt."""
    done = lab.host.run(["nvgpuctl", "xml", "merge", "--domain", domain.name, "--gpu",
                         gpu.address, "--define"], check=False, timeout=virt.PATIENCE)
    if not lab.equal("exit code of merge", done.code, 0):
        raise CheckFailed(done.err)
    lint(lab, domain)
    text = domain.virsh("dumpxml", "--inactive", domain.name).out
    native = "<acpi nodeset=" in text
    lab.equal("profile", "native" if native else "legacy",
              PROFILES[lab.scenario.suite])
    return domain.xml()


def look_inside(lab, gpu, tree, seen):
    usable, reserved, bar4, bar2 = driver.regions(gpu.described,
                                                  lab.scenario.layout)
    ones = f"0x{(1 << 64) - 1:016X}"
    for name, wanted in {
            "initiators": f"1-{NODES}",
            "device": hex(gpu.described.device_id),
            "address": virt.guest_address(tree),
            "bar4-size": str(bar4), "bar2-size": str(bar2),
            "read4@0x0": f"0x{WORD:016X}",
            f"read4@{usable - 8:#x}": "0x1111222233334444",
            f"read2@{reserved - 8:#x}": "0x9999AAAABBBBCCCC",
            f"read2@{bar2 - 8:#x}": ones if bar2 > reserved
                                    else "0x9999AAAABBBBCCCC"}.items():
        lab.equal(f"guest's {name}", seen.get(name), wanted)
    guest = virt.guest_distances(seen)
    lab.equal("NUMA nodes of the guest", sorted({pair[0] for pair in guest}),
              list(range(NODES + 1)))
    wanted = virt.distances(tree)
    lab.check("the domain has distances",
              len(wanted) >= NODES * (NODES + 1) // 2, wanted)
    lab.equal("distances that the guest sees otherwise",
              {pair: guest.get(pair) for pair in wanted
               if guest.get(pair) != wanted[pair]}, {})
    lab.equal("what the guest wrote to BAR4",
              hex(gpu.peek(gpu.described.base + 0x2000)), "0x1122334455667788")
    lab.equal("what the guest wrote to BAR2",
              hex(gpu.peek(gpu.described.base + usable + 0x3000)),
              "0x99aabbccddeeff00")


def words_for_guest(lab, gpu):
    """What the guest is to look at, after the host has written it."""
    usable, reserved, _, bar2 = driver.regions(gpu.described, lab.scenario.layout)
    memory = gpu.described.base
    for address, value in {
            memory: WORD, memory + usable - 8: 0x1111222233334444,
            memory + usable + reserved - 8: 0x9999aaaabbbbcccc}.items():
        gpu.poke(address, value)
    return ["stay", "read4=0x0", f"read4={usable - 8:#x}", f"read2={reserved - 8:#x}",
            f"read2={bar2 - 8:#x}", "write4=0x2000:0x1122334455667788",
            "write2=0x3000:0x99aabbccddeeff00"]


def no_denials(lab):
    records = [line for line in lab.host.kernel_log() if "apparmor=" in line]
    lab.check("AppArmor's records are seen",
              any('apparmor="STATUS"' in line for line in records), records[:3])
    lab.equal("what AppArmor refused",
              [line for line in records if "DENIED" in line], [])


def run(lab):
    gpu = lab.gpus[0]
    started = time.monotonic()

    def section(text):
        lab.section(f"{text} ({time.monotonic() - started:.0f} s)")

    section("host")
    virt.prepare(lab.host)
    virt.notice_hook(lab)
    confined(lab)
    fit_for_gpus(lab)
    nothing_left(lab, gpu)
    section("domain")
    domain = virt.Domain(lab.host, "grace", words_for_guest(lab, gpu))
    domain.define()
    tree = give(lab, domain, gpu)
    section("start")
    domain.start()
    lab.equal("list says", listed(lab, gpu), ("bound", driver.VARIANT))
    label = domain.label()
    lab.check("the guest has a profile of its own",
              label == f"libvirt-{tree.findtext('uuid')} (enforce)", label)
    seen = domain.wait_for("up")
    section("inside")
    look_inside(lab, gpu, tree, seen)
    section("a report, read outside")
    archive = replay.same_outside(lab, "show --all", "explain", "topology",
                                  guest=domain.name)
    lab.check("the topology names the domain outside", domain.name in json.dumps(
        replay.outside(lab, archive, "topology")[1]))
    section("shutdown")
    domain.shut_down()
    lab.check("the guest came to its end", "end" in domain.reports(),
              domain.reports())
    section("afterwards")
    nothing_left(lab, gpu)
    no_denials(lab)
    section("the operator's domain again")
    done = lab.host.run(["nvgpuctl", "xml", "unmerge", "--domain", domain.name,
                         "--define"], check=False, timeout=virt.PATIENCE)
    lab.equal("exit code of unmerge", (done.code, done.err * (done.code != 0)), (0, ""))
    lab.equal("hostdevs left", len(list(domain.xml().iter("hostdev"))), 0)
