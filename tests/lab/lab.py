#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A simulated Grace Hopper host; see docs/lab.md."""

import argparse
import signal
import sys
import pathlib

sys.dont_write_bytecode = True
# The tests import it, too.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from labhost import debian, runner, scenario, store  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(prog="./dev lab", description=__doc__)
    parser.add_argument("--build", metavar="DIRECTORY", type=pathlib.Path,
                        default=store.REPOSITORY / "build",
                        help="the build tree that has gpusim")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name, text, kernel=True):
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(kernel=None, suite=None)
        if kernel:
            added.add_argument(
                "--kernel", metavar="K", help="a Debian suite, the beginning of a "
                "version, or `newest`; otherwise the scenario's first")
            added.add_argument(
                "--suite", choices=debian.USERLANDS,
                help="Debian's release for everything but the kernel; otherwise "
                     "the first one")
        return added

    known = ", ".join(scenario.every())
    run = command("run", "boot, run a scenario's test, stop")
    run.add_argument("scenario", nargs="+", help=f"one of {known}")
    prepare = command("prepare", "download and unpack what `run` needs, and no more")
    prepare.add_argument("scenario", nargs="+")
    up = command("up", "boot and keep running, for `run` and `shell`")
    up.add_argument("scenario", nargs="?", default="driver")
    command("shell", "a root shell in the running host", kernel=False)
    command("down", "stop what `up` started", kernel=False)
    matrix = command("matrix", "run `driver` on every kernel, print the table",
                     kernel=False)
    matrix.add_argument("--update", action="store_true",
                        help="put the result into docs/kernels.md")
    matrix.add_argument("--scenario", default="driver")
    matrix.add_argument("kernels", nargs="*", metavar="SUITE",
                        help="only kernels of these suites")
    bench = command("bench", "what mapping GPU memory costs, as Markdown",
                    kernel=False)
    bench.add_argument("kernels", nargs="*", help="default: 6.12 and the newest")
    return parser.parse_args()


def main():
    # A plain kill ends the lab as tidily as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = arguments()
    try:
        return getattr(runner, options.command)(options)
    except store.LabSkip as skip:
        store.warn(f"skipped: {skip}")
        return 77
    except store.LabError as error:
        store.warn(str(error))
        if error.log and error.log.exists():
            tail = error.log.read_text(errors="replace").strip().split("\n")[-25:]
            print(f"-- the end of {error.log}", *tail, sep="\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
