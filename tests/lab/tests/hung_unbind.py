# SPDX-License-Identifier: GPL-2.0-or-later
"""An unbind that hangs in the real kernel: a process has the device open, does not
hear the request to give it back, and an operator has said --force=in-use."""

import time

import driver
from driver import VARIANT
from firmware import bind_by_hand

# Holds the device and is stopped with it open: no request reaches it. One that is
# quicker than the look at it has closed the device by then; then another one.
HOLDER = """\
has_device() {{ ls -l /proc/$1/fd | grep -q vfio-device; }}
for attempt in $(seq 20); do
  exerciser touch --device {0} >/dev/null 2>&1 &
  while kill -0 $!; do
    has_device $! || continue
    kill -STOP $!
    sleep 0.2
    has_device $! && echo $! >/run/lab-holder && exit
    kill -KILL $!
    wait $!
  done
done
exit 1
"""
BOUND_S = 5


def listed(lab, gpu):
    items = lab.host.run(["nvgpuctl", "list", "-o", "json"]).json()["items"]
    return next(item["state"] for item in items if item["address"] == gpu.address)


def quick(lab, *words):
    """A verb that must not wait for the kernel."""
    start = time.monotonic()
    done = lab.host.run(["nvgpuctl", *words], check=False, timeout=200)
    lab.check(f"{words[0]} waits for nothing", time.monotonic() - start < BOUND_S + 10,
              f"{time.monotonic() - start:.0f} s")
    return done


def hang(lab, held, other):
    start = time.monotonic()
    done = lab.host.run(
        ["nvgpuctl", "unbind", "--force=in-use", "--write-timeout", BOUND_S,
         held.address, other.address], check=False, timeout=200)
    took = time.monotonic() - start
    print(f"    unbind took {took:.0f} s: {done.err.strip()}")
    lab.equal("exit code of unbind", done.code, 7)
    lab.check("it has waited, and has come back", BOUND_S <= took < 60, took)
    for words in (f"{held.address}: ", "has not come back from writing",
                  "every other GPU is as it was before", "nvgpuctl recover"):
        lab.check(f"it says '{words}'", words in done.err, done.err)
    lab.check("it shows the kernel's stack", "/stack: " in done.out, done.out)
    record = lab.host.read(f"/run/nvgpuctl/hung/{held.address}")
    lab.check("the write is on record", "driver/unbind" in record, record)
    lab.equal("driver of the other GPU", other.driver(), VARIANT)


def live_with_it(lab, held, other):
    lab.equal("the held GPU is", listed(lab, held), "needs-operator")
    # There are not nodes enough for two GPUs.
    lab.equal("the other GPU is", listed(lab, other), "degraded")
    done = quick(lab, "explain", held.address)
    lab.equal("exit code of explain", done.code, 7)
    lab.check("explain has the reason", "NVG-E049 hung-in-kernel" in done.out, done.out)
    print("    " + "\n    ".join(line for line in done.out.split("\n")
                                 if "come back" in line or "is in" in line))
    archive = "/run/lab-hung.tar.gz"
    lab.equal("exit code of report", quick(lab, "report", archive).code, 0)
    told = lab.host.run(["nvgpuctl", "--root", archive, "explain", held.address], check=False)
    lab.check("a report says so, too", told.code == 7 and "NVG-E049" in told.out, told.out)
    for verb in ("bind", "unbind", "validate"):
        lab.equal(f"exit code of {verb}", quick(lab, verb, held.address).code, 7)
    lab.equal("exit code of recover", quick(lab, "recover").code, 7)
    done = lab.host.run(["nvgpuctl", "unbind", other.address], check=False, timeout=200)
    lab.equal("exit code of unbind of the other GPU", done.code, 0)
    lab.equal("its driver", other.driver(), None)


def come_back(lab, held):
    host = lab.host
    record = host.read(f"/run/nvgpuctl/hung/{held.address}")
    writer = record.split('"pid": "')[1].split('"')[0]
    host.sh("kill -KILL $(cat /run/lab-holder)")
    host.wait_until(f"! test -e /proc/{writer}", seconds=60)
    done = host.run(["nvgpuctl", "recover"], check=False, timeout=200)
    print("    recover: " + done.out.strip())
    lab.equal("exit code of recover", (done.code, done.err), (0, ""))
    lab.check("it says what it has done",
              f"{held.address}: " in done.out and "brought back" in done.out, done.out)
    lab.equal("driver", held.driver(), VARIANT)
    lab.equal("recover once more", host.run(["nvgpuctl", "recover"]).out.strip(),
              "nothing to recover")
    lab.equal("the GPU is", listed(lab, held), "bound")
    driver.unbind(lab, held)


def run(lab):
    held, other = lab.gpus
    lab.section("bind")
    driver.bind(lab, held)
    bind_by_hand(lab, other)
    lab.equal("driver of the other GPU", other.driver(), VARIANT)
    lab.section("a process that holds the device and hears nothing")
    lab.host.sh(HOLDER.format(held.address), timeout=120)
    refused = quick(lab, "unbind", held.address)
    lab.equal("exit code of unbind without force", refused.code, 4)
    lab.section("an unbind that hangs")
    hang(lab, held, other)
    lab.section("while it hangs")
    live_with_it(lab, held, other)
    lab.section("when the process is gone")
    come_back(lab, held)
    driver.unload(lab)
