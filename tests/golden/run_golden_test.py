#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does the golden runner notice what it is there to notice?"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

RUNNER = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "run_golden.py")

# Prints what the capture says, so that a test can change it.
PROGRAM = """#!/usr/bin/python3
import json, os, signal, sys
root, arguments = sys.argv[2], sys.argv[3:]
with open(root + "/says") as file:
    says = json.load(file)
sys.stdout.write(says.get("out", ""))
sys.stderr.write(says.get("err", "").replace("ROOT", root))
if "signal" in says:
    os.kill(os.getpid(), says["signal"])
sys.exit(says.get("exit", 0))
"""
SCHEMA = {"type": "object", "required": ["apiVersion"],
          "properties": {"items": {"$ref": "common.schema.json#/items"}}}


class RunGolden(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = scratch.name
        self.write("program", PROGRAM)
        os.chmod(f"{self.root}/program", 0o755)
        self.write("hosts/h/nvgpuctl-capture.yaml", "capture: 1\n")
        self.write("schemas/gpu-list.schema.json", json.dumps(SCHEMA))
        self.write("schemas/common.schema.json",
                   json.dumps({"items": {"type": "array"}}))
        os.mkdir(f"{self.root}/golden")
        self.cases("everywhere: {list: list}\n")

    def write(self, path, text):
        full = f"{self.root}/{path}"
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as file:
            file.write(text)

    def read(self, path):
        with open(f"{self.root}/{path}") as file:
            return file.read()

    def cases(self, text):
        self.write("cases.yaml", text)

    def says(self, **what):
        self.write("hosts/h/says", json.dumps(what))

    def run_golden(self, update=False, host="h"):
        environment = dict(os.environ, UPDATE_GOLDEN="1" if update else "")
        options = [f"--{name}={self.root}/{name}"
                   for name in ("program", "hosts", "golden", "schemas")]
        result = subprocess.run(
            [sys.executable, RUNNER, host, *options,
             f"--cases={self.root}/cases.yaml"], env=environment,
            capture_output=True, text=True)
        return result.returncode, result.stdout + result.stderr

    def test_writes_a_file_that_reads_as_a_terminal_would(self):
        self.says(out="GPU\n", err="careful: ROOT/sys\n", exit=3)
        self.assertEqual(self.run_golden(update=True), (0, ""))
        self.assertEqual(self.read("golden/h/list.txt"),
                         "$ nvgpuctl list\nGPU\n"
                         "[stderr] careful: <root>/sys\n[exit 3]\n")
        self.assertEqual(self.run_golden(), (0, ""))

    def test_shows_a_diff_when_output_changes(self):
        self.says(out="one\n")
        self.run_golden(update=True)
        self.says(out="two\n")
        code, text = self.run_golden()
        self.assertEqual(code, 1)
        self.assertIn("-one\n+two\n", text)

    def test_notices_a_changed_exit_code(self):
        self.says(out="one\n")
        self.run_golden(update=True)
        self.says(out="one\n", exit=1)
        self.assertIn("-[exit 0]\n+[exit 1]\n", self.run_golden()[1])

    def test_notices_a_missing_newline_at_the_end(self):
        self.says(out="one\n")
        self.run_golden(update=True)
        self.says(out="one")
        self.assertIn("+[no newline at the end]", self.run_golden()[1])

    def test_fails_without_a_golden_file(self):
        self.says(out="one\n")
        code, text = self.run_golden()
        self.assertEqual(code, 1)
        self.assertIn("list.txt is missing; UPDATE_GOLDEN=1 writes it", text)

    def test_fails_on_a_golden_file_without_a_case(self):
        self.says(out="one\n")
        self.run_golden(update=True)
        self.write("golden/h/old.txt", "")
        code, text = self.run_golden()
        self.assertEqual(code, 1)
        self.assertIn("old.txt belongs to no case", text)
        self.run_golden(update=True)
        self.assertFalse(os.path.exists(f"{self.root}/golden/h/old.txt"))

    def test_fails_on_a_golden_folder_without_a_host(self):
        os.mkdir(f"{self.root}/golden/gone")
        self.assertEqual(self.run_golden(host="leftovers"), (
            1, "FAIL leftovers: hosts: gone is no recorded host\n"))

    def test_accepts_a_document_that_its_schema_accepts(self):
        self.cases("everywhere: {list: list -o json}\n")
        self.says(out='{"apiVersion": "1", "kind": "GpuList", "items": []}\n')
        self.assertEqual(self.run_golden(update=True), (0, ""))

    def test_fails_on_a_document_that_its_schema_refuses(self):
        self.cases("everywhere: {list: list -o json}\n")
        self.says(out='{"apiVersion": "1", "kind": "GpuList", "items": 7}\n')
        code, text = self.run_golden(update=True)
        self.assertEqual(code, 1)
        self.assertIn("GpuList: items: 7 is not of type 'array'", text)

    def test_fails_on_a_kind_without_a_schema(self):
        self.cases("everywhere: {list: list -o json}\n")
        self.says(out='{"kind": "HostReport"}\n')
        self.assertIn("HostReport: no schema host-report.schema.json",
                      self.run_golden(update=True)[1])

    def test_validates_each_line_and_each_spelling(self):
        bad = '{"apiVersion": "1", "kind": "Gpu", "items": 7}\n'
        good = bad.replace("7", "[]")
        self.cases("everywhere: {list: list -o jsonl}\n")
        self.says(out=good + bad)
        self.assertEqual(self.run_golden(update=True)[0], 1)
        self.cases("everywhere: {list: list -o yaml}\n")
        self.says(out="apiVersion: 1\nkind: GpuList\nitems: no\n")
        self.assertIn("False is not of type 'array'",
                      self.run_golden(update=True)[1])

    def test_fails_on_text_where_a_document_was_asked_for(self):
        self.cases("everywhere: {list: list -o json}\n")
        self.says(out="GPU\n")
        self.assertIn("not json", self.run_golden(update=True)[1])

    def test_takes_no_document_with_an_error_code_for_an_error(self):
        self.cases("everywhere: {list: list -o json}\n")
        self.says(err="no such GPU\n", exit=10)
        self.assertEqual(self.run_golden(update=True), (0, ""))

    def test_never_writes_a_crash_down_as_the_truth(self):
        self.says(signal=11)
        code, text = self.run_golden(update=True)
        self.assertEqual(code, 1)
        self.assertIn("ended by signal 11", text)
        self.assertFalse(os.path.exists(f"{self.root}/golden/h/list.txt"))


if __name__ == "__main__":
    unittest.main()
