#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""monitor_test.py NVGPUCTL: events as libudev hands them on, over a fake /sys.

umockdev gives the fake /sys and sends the events; libudev and the program are
the real ones. The test runs itself once more under umockdev-wrapper.
"""
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

GPU = "/sys/devices/pci0009:00/0009:00:00.0/0009:01:00.0"
AUDIO = "/sys/devices/pci0009:00/0009:00:00.0/0009:01:00.1"
NIC = "/sys/devices/pci0000:00/0000:02:00.0"
PATIENCE = 20


def device(path, vendor, ids, klass):
    return (f"P: {path[4:]}\nE: SUBSYSTEM=pci\nA: vendor={vendor}\\n\n"
            f"A: device={ids}\\n\nA: class={klass}\\n\n\n")


HOST = (device(GPU, "0x10de", "0x2342", "0x030200") +
        device(AUDIO, "0x10de", "0x22ba", "0x040300") +
        device(NIC, "0x15b3", "0x1021", "0x020000") +
        "P: /devices/virtual/vfio/19\nE: SUBSYSTEM=vfio\n\n"
        "P: /devices/virtual/vfio/20\nE: SUBSYSTEM=vfio\n\n"
        f"P: {GPU[4:]}/vfio-dev/vfio0\nE: SUBSYSTEM=vfio-dev\n\n")


class Testbed:
    """A fake /sys; `with` an nvgpuctl that listens."""

    def __init__(self):
        self.library = ctypes.CDLL("libumockdev.so.0")
        self.library.umockdev_testbed_new.restype = ctypes.c_void_p
        self.library.umockdev_testbed_get_root_dir.restype = ctypes.c_char_p
        self.bed = ctypes.c_void_p(self.library.umockdev_testbed_new())
        if not self.library.umockdev_testbed_add_from_string(self.bed, HOST.encode(), None):
            raise AssertionError("umockdev takes no such description")
        self.root = self.library.umockdev_testbed_get_root_dir(self.bed).decode()
        for function in (GPU, AUDIO):
            self.link(f"{function}/iommu_group", "/sys/kernel/iommu_groups/19")
            self.link(f"/sys/kernel/iommu_groups/19/devices/{os.path.basename(function)}",
                      function)

    def link(self, path, target):
        full = self.root + path
        os.makedirs(os.path.dirname(full), exist_ok=True)
        os.makedirs(self.root + target, exist_ok=True)
        os.symlink(os.path.relpath(target, os.path.dirname(path)), full)

    def unlink(self, path):
        os.unlink(self.root + path)

    def event(self, path, action):
        self.library.umockdev_testbed_uevent(self.bed, path.encode(), action.encode())

    def close(self):
        self.library.g_object_unref(self.bed)


class Monitor(unittest.TestCase):
    def setUp(self):
        self.bed = Testbed()
        self.started = []

    def tearDown(self):
        for process in self.started:
            process.kill()
            process.communicate()
        self.bed.close()

    def monitor(self, *words):
        # Without a bound of its own a test that goes wrong would never end.
        process = subprocess.Popen([NVGPUCTL, "monitor", "--timeout", str(PATIENCE), *words],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        self.wait_until_it_listens(process)
        return process

    def wait_until_it_listens(self, process):
        """umockdev has a socket for each listener."""
        end = time.monotonic() + PATIENCE
        while not any(name.startswith("event") for name in os.listdir(self.bed.root)):
            self.assertLess(time.monotonic(), end, "it does not listen")
            time.sleep(0.01)
        # It reads the host after that, and then sleeps until something happens. One that
        # waits for a processor or a disk does not sleep.
        asleep = 0
        while asleep < 10:
            self.assertLess(time.monotonic(), end, "it does not come to rest")
            with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
                asleep = asleep + 1 if stat.read().rpartition(")")[2].split()[0] == "S" else 0
            time.sleep(0.05)

    def records(self, process):
        out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0)
        return [json.loads(line) for line in out.splitlines()]

    def test_tells_the_state_before_and_after(self):
        process = self.monitor("-o", "jsonl", "--count", "2")
        self.bed.link(f"{GPU}/driver", "/sys/bus/pci/drivers/nvgrace_gpu_vfio_pci")
        self.bed.event(GPU, "bind")
        first = json.loads(process.stdout.readline())
        self.bed.unlink(f"{GPU}/driver")
        self.bed.event(GPU, "unbind")
        second, = self.records(process)
        self.assertEqual((first["action"], first["subsystem"], first["name"], first["concerns"],
                          first["gpu"]), ("bind", "pci", "0009:01:00.0", "gpu", "0009:01:00.0"))
        change, = first["changes"]
        self.assertIsNone(change["before"]["driver"])
        self.assertEqual(change["after"]["driver"], "nvgrace_gpu_vfio_pci")
        change, = second["changes"]
        self.assertEqual(change["before"]["driver"], "nvgrace_gpu_vfio_pci")
        self.assertIsNone(change["after"]["driver"])

    def test_leaves_out_what_concerns_no_gpu(self):
        process = self.monitor("-o", "jsonl", "--count", "3")
        for path in (NIC, "/sys/devices/virtual/vfio/20", AUDIO, "/sys/devices/virtual/vfio/19",
                     f"{GPU}/vfio-dev/vfio0"):
            self.bed.event(path, "change")
        self.assertEqual([(r["concerns"], r["name"], r["gpu"]) for r in self.records(process)],
                         [("group", "0009:01:00.1", "0009:01:00.0"),
                          ("vfio", "19", "0009:01:00.0"), ("vfio", "vfio0", "0009:01:00.0")])

    def test_prints_each_line_at_once(self):
        process = self.monitor()
        self.bed.event(GPU, "change")
        line = process.stdout.readline()
        self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  change  pci +0009:01:00\.0$")
        self.assertIsNone(process.poll())

    def test_ends_with_success_at_a_signal(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.monitor()
            process.send_signal(number)
            process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 0)

    def test_ends_quietly_when_its_reader_has_gone(self):
        process = self.monitor()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=PATIENCE / 2), 0)
        self.assertNotIn("nvgpuctl:", process.stderr.read())

    def test_fails_when_its_output_cannot_be_written(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            process = subprocess.Popen([NVGPUCTL, "monitor", "--timeout", str(PATIENCE)],
                                       stdout=full, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        self.wait_until_it_listens(process)
        self.bed.event(GPU, "change")
        _, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 1)
        self.assertIn("standard output: cannot be written: No space left on device", errors)

    def test_follows_only_the_gpus_that_are_named(self):
        process = self.monitor("0009:01:00.0", "-o", "jsonl", "--count", "1")
        self.bed.event(NIC, "change")
        self.bed.event(GPU, "change")
        record, = self.records(process)
        self.assertEqual(record["gpu"], "0009:01:00.0")

    def test_tells_that_a_gpu_has_gone(self):
        process = self.monitor("-o", "jsonl", "--count", "1")
        # umockdev sends nothing about a folder that is not there, so it stays.
        self.bed.unlink("/sys/bus/pci/devices/0009:01:00.0")
        self.bed.event(GPU, "remove")
        record, = self.records(process)
        self.assertIsNone(record["changes"][0]["after"])

    def test_ends_when_its_time_is_over(self):
        done = subprocess.run([NVGPUCTL, "monitor", "--timeout", "1"], capture_output=True,
                              text=True, check=False, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


def missing():
    return None if shutil.which("umockdev-wrapper") else "umockdev is not installed"


if __name__ == "__main__":
    reason = missing()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    if "--inside" not in sys.argv:
        os.execvp("umockdev-wrapper", ["umockdev-wrapper", sys.executable, __file__,
                                       "--inside", *sys.argv[1:]])
    sys.argv.remove("--inside")
    NVGPUCTL = sys.argv.pop(1)
    unittest.main()
