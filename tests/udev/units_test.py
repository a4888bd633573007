#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""units_test.py NVGPUCTL: systemd takes our units, and in the order that they want."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = os.path.join(ROOT, "packaging", "systemd")
NVGPUCTL = sys.argv.pop(1)


def read(name):
    with open(os.path.join(UNITS, name), encoding="utf-8") as file:
        return file.read()


def values(name, key):
    return [word for line in re.findall(rf"^{key}=(.*)$", read(name), re.MULTILINE)
            for word in line.split()]


class Units(unittest.TestCase):
    def test_systemd_has_nothing_to_say_against_them(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in os.listdir(UNITS):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(read(name).replace("/usr/bin/nvgpuctl", NVGPUCTL))
            # systemd makes an instance of the template itself.
            for name in ["nvgpuctl-recover.service", "nvgpuctl-apply.service",
                         "nvgpuctl-apply@.service"]:
                done = subprocess.run(
                    ["systemd-analyze", "verify", "--man=no", os.path.join(folder, name)],
                    capture_output=True, text=True, check=False,
                    env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"})
                ours = [line for line in done.stderr.splitlines() if "nvgpuctl" in line]
                self.assertEqual((done.returncode, ours), (0, []), name)

    def test_recovery_runs_for_everything_that_a_crash_can_leave(self):
        with open(os.path.join(ROOT, "nvgpuctl", "host", "state_dir.hpp"), encoding="utf-8") as header:
            paths = re.findall(r'"(/var/lib/nvgpuctl/\w+)', header.read())
        self.assertGreaterEqual(len(paths), 3)
        conditions = (values("nvgpuctl-recover.service", "ConditionPathExists") +
                      values("nvgpuctl-recover.service", "ConditionDirectoryNotEmpty"))
        self.assertEqual({f"|{path}" for path in paths}, set(conditions))

    def test_the_policy_is_applied_after_recovery_and_before_whoever_uses_gpus(self):
        self.assertIn("nvgpuctl-recover.service", values("nvgpuctl-apply.service", "After"))
        for name in ["nvgpuctl-recover.service", "nvgpuctl-apply.service"]:
            self.assertLessEqual({"libvirtd.service", "virtqemud.service"},
                                 set(values(name, "Before")), name)
            # That would hold up the whole boot.
            self.assertFalse([unit for unit in values(name, "Before")
                              if unit.endswith((".socket", ".target"))], name)


if __name__ == "__main__":
    if not shutil.which("systemd-analyze"):
        print("skipped: systemd-analyze is not installed")
        sys.exit(77)
    unittest.main()
