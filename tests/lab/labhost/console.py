# SPDX-License-Identifier: GPL-2.0-or-later
"""This terminal as the terminal of a socket."""

import os
import select
import shutil
import socket
import sys
import termios
import tty

LEAVE = b"\x1d"  # Ctrl-]


def attach(path):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(path))
        print("a root shell of the simulated host; Ctrl-] leaves it\r", flush=True)
        size = shutil.get_terminal_size()
        line.sendall(f" stty cols {size.columns} rows {size.lines}\n".encode())
        keyboard = sys.stdin.fileno()
        before = termios.tcgetattr(keyboard) if os.isatty(keyboard) else None
        try:
            if before:
                tty.setraw(keyboard)
            return pass_bytes(line, keyboard)
        finally:
            if before:
                termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
                print()


def pass_bytes(line, keyboard):
    sources = [line, keyboard]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if line in ready:
            data = line.recv(65536)
            if not data:
                return 0
            os.write(sys.stdout.fileno(), data)
        if keyboard in ready:
            data = os.read(keyboard, 4096)
            if LEAVE in data:
                return 0
            if not data:
                sources.remove(keyboard)
            line.sendall(data)
