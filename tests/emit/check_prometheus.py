#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_prometheus.py NVGPUCTL HOSTS: promtool has nothing to say of the metrics
of any recorded host, and a real node_exporter hands them on."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from hosts import emitted, in_tree, recorded, tree

PATIENCE_SECONDS = 30


def promtool(root, text):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(in_tree(root, folder, "promtool", "check", "metrics"),
                              input=text, capture_output=True, text=True)
    return f"{done.stdout}{done.stderr}" if done.returncode or done.stdout or done.stderr else None


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def scrape(port):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
                return page.read().decode()
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def samples(text):
    """Each sample with its labels in order, as node_exporter prints them."""
    found = set()
    for line in text.splitlines():
        if line.startswith("nvgpuctl_"):
            series, value = line.rsplit(" ", 1)
            name, _, labels = series.partition("{")
            pairs = sorted(labels.rstrip("}").split('",')) if labels else []
            found.add((name, tuple(pair.rstrip('"') for pair in pairs), float(value)))
    return found


def scraped(port, folder, pairs):
    for host, text in pairs:
        # As it should be written: beside, and renamed.
        (folder / "new").write_text(text, encoding="utf-8")
        os.rename(folder / "new", folder / "nvgpuctl.prom")
        page = scrape(port)
        if "node_textfile_scrape_error 0" not in page:
            yield f"{host.name}: node_exporter reports an error in the file"
        if samples(page) != samples(text):
            yield f"{host.name}: of {len(samples(text))} samples {len(samples(page) & samples(text))} arrive"


def through_exporter(root, pairs):
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        exporter = subprocess.Popen(
            in_tree(root, name, "prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
                    "--collector.textfile.directory=/tmp/files", f"--web.listen-address=127.0.0.1:{port}",
                    "--log.level=error"))
        try:
            return list(scraped(port, pathlib.Path(name), pairs))
        finally:
            exporter.send_signal(signal.SIGKILL)  # unshare takes the namespace with it
            exporter.wait()


def main(program, folder):
    root = tree()
    pairs = emitted(recorded(program, folder), "prometheus")
    problems = [f"{host.name}: promtool: {said}" for host, text in pairs if (said := promtool(root, text))]
    # The checker itself must be able to complain.
    if not promtool(root, "nvgpuctl_gpus{ 1\n"):
        problems.append("promtool takes a broken file")
    problems += through_exporter(root, pairs)
    print("\n".join(problems) or f"promtool and node_exporter read the metrics of {len(pairs)} hosts")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
