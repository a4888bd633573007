# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's guest agent: programs and files of the simulated host from here."""

import base64
import json
import socket
import time

from labhost.store import LabError


class AgentError(LabError):
    """The agent refused a command."""


class Agent:
    def __init__(self, path):
        self.path = path
        self.socket = None
        self.buffer = b""

    def connect(self):
        """Whether somebody listens. QEMU makes the socket a moment before it does."""
        self.close()
        self.socket = socket.socket(socket.AF_UNIX)
        self.buffer = b""
        try:
            self.socket.connect(str(self.path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def line(self, deadline):
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.socket.settimeout(left)
            data = self.socket.recv(65536)
            if not data:
                raise LabError("the simulated host is gone")
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line

    def sync(self, timeout):
        """Whether somebody answers; forgets what an earlier user left behind."""
        number = time.monotonic_ns()
        request = {"execute": "guest-sync-delimited", "arguments": {"id": number}}
        self.socket.settimeout(timeout)
        deadline = time.monotonic() + timeout
        try:
            # The byte 0xff makes the agent drop half a command.
            self.socket.sendall(b"\xff" + json.dumps(request).encode() + b"\n")
            while True:
                line = self.line(deadline).rpartition(b"\xff")[2]
                try:
                    if json.loads(line).get("return") == number:
                        return True
                except ValueError:
                    pass
        except TimeoutError:
            return False

    def command(self, name, timeout=60, **arguments):
        request = {"execute": name, "arguments": arguments}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        try:
            answer = json.loads(self.line(time.monotonic() + timeout))
        except TimeoutError:
            raise LabError(f"the agent did not answer to {name} for {timeout} s; "
                           "does the simulated host hang?") from None
        if "error" in answer:
            raise AgentError(f"{name}: {answer['error'].get('desc')}")
        return answer.get("return")

    def execute(self, argv, timeout, stdin=b"", environment=()):
        """Exit code, or minus a signal's number; output; errors."""
        arguments = {"path": argv[0], "arg": argv[1:], "capture-output": True}
        if environment:
            arguments["env"] = list(environment)
        if stdin:
            arguments["input-data"] = base64.b64encode(stdin).decode()
        pid = self.command("guest-exec", **arguments)["pid"]
        deadline = time.monotonic() + timeout
        pause = 0.02
        while True:
            status = self.command("guest-exec-status", pid=pid)
            if status["exited"]:
                break
            if time.monotonic() > deadline:
                self.execute(["kill", "-9", str(pid)], 30)
                raise LabError(f"{' '.join(argv)} did not end within {timeout} s")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)
        code = status.get("exitcode", -status.get("signal", 0))
        return (code, base64.b64decode(status.get("out-data", "")),
                base64.b64decode(status.get("err-data", "")))

    def read_file(self, path):
        handle = self.command("guest-file-open", path=path, mode="r")
        parts = []
        try:
            while True:
                part = self.command("guest-file-read", handle=handle, count=1 << 20)
                parts.append(base64.b64decode(part["buf-b64"]))
                if part["eof"]:
                    return b"".join(parts)
        finally:
            self.command("guest-file-close", handle=handle)

    def write_file(self, path, data):
        handle = self.command("guest-file-open", path=path, mode="w")
        try:
            for start in range(0, len(data), 1 << 20):
                part = base64.b64encode(data[start:start + (1 << 20)]).decode()
                self.command("guest-file-write", handle=handle, **{"buf-b64": part})
        finally:
            self.command("guest-file-close", handle=handle)
