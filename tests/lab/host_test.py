#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's own checks, of a host that says what it is told to say."""
import contextlib
import io
import os
import socket
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from labhost.agent import Agent as QemuAgent  # noqa: E402
from labhost.host import CheckFailed, Host, Lab  # noqa: E402


class Agent:
    def __init__(self, log):
        self.log = log

    def execute(self, argv, timeout, stdin):
        return 0, self.log.encode(), b""


def lab_with(log):
    host = Host(Agent(log), io.StringIO())
    return Lab(None, None, host, [], None, None)


class KernelLog(unittest.TestCase):
    def failures_of(self, log):
        lab = lab_with(log)
        with contextlib.redirect_stdout(io.StringIO()):
            lab.quiet_kernel()
        return lab.failures

    def test_is_quiet_where_nothing_alarming_is_in_it(self):
        self.assertEqual(self.failures_of("Booting Linux on physical CPU 0x0\nLinux version 7.3.4\nlab: bind\n"), [])

    def test_is_not_quiet_with_a_warning(self):
        self.assertIn("WARNING: CPU: 0",
                      self.failures_of("Linux version 7.3\nWARNING: CPU: 0\n")[0])

    def test_is_not_quiet_where_its_beginning_was_overwritten(self):
        self.assertIn("lost its beginning", self.failures_of("lab: bind\nall is well\n")[0])

    def test_gives_what_is_behind_the_last_mark(self):
        host = lab_with("lab: a\n1\nlab: a\n2\n3").host
        self.assertEqual(host.since("a"), ["2", "3"])

    def test_gives_nothing_where_the_mark_is_gone(self):
        with self.assertRaises(CheckFailed):
            lab_with("1\n2").host.since("a")


class Connection(unittest.TestCase):
    def test_is_there_as_soon_as_somebody_listens(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
            path = os.path.join(folder, "agent")
            agent = QemuAgent(path)
            self.assertFalse(agent.connect())
            server.bind(path)
            self.assertFalse(agent.connect())
            server.listen()
            self.assertTrue(agent.connect())
            agent.close()


if __name__ == "__main__":
    unittest.main()
