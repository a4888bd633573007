#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_sos.py NVGPUCTL HOSTS: the real sos finds the plugin where `cmake --install`
puts it, and collects what nvgpuctl says of a recorded host."""
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

from hosts import in_tree, recorded, tree

HOST = "gh200-x4"
# File in the archive → the command line whose output it is.
OUTPUTS = {"nvgpuctl_list_-o_wide": ("list", "-o", "wide"), "nvgpuctl_list_-o_json": ("list", "-o", "json"),
           "nvgpuctl_explain": ("explain",), "nvgpuctl_doctor": ("doctor",), "nvgpuctl_topology": ("topology",),
           "nvgpuctl-report.tar.gz": ("report", "-")}


def install(program, host, folder):
    """The whole layout below folder/install; the program runs on a recorded host,
    in this Debian, because the tree is of another."""
    subprocess.run(["cmake", "--install", program.parent, "--prefix", "/usr"], check=True,
                   stdout=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "DESTDIR": str(folder / "install")})
    start = folder / "install/usr/bin/nvgpuctl"
    start.unlink()
    start.write_text(f'#!/bin/sh\nexec chroot /tmp/host {program} --root {host.path} "$@"\n')
    start.chmod(0o755)


def sos(root, folder, *options):
    # Over the tree's own /usr, which stays as it is: two lower layers and none above.
    script = ('mount -t overlay none -o lowerdir=/tmp/files/install/usr:/usr /usr && exec "$@"')
    command = in_tree(root, folder, "sh", "-c", script, "sh", "sos", "report", "--batch", "--tmp-dir", "/tmp/files/out",
                      *options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        sys.exit(f"sos ends with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def said(host, words):
    return subprocess.run([host.program, "--root", host.path, *words], capture_output=True)


def problems_of_archive(archive, host):
    members = {member.name.partition("/")[2]: member for member in archive.getmembers()}
    if any("validate" in name for name in members):
        yield "devices are opened, which resets them"
    for name, words in OUTPUTS.items():
        path = f"sos_commands/nvgpuctl/{name}"
        if path not in members:
            yield f"no {path}"
            continue
        collected, wanted = archive.extractfile(members[path]).read(), said(host, words)
        # sos adds to a text what is on standard error.
        if collected != wanted.stdout if name.endswith(".gz") else wanted.stdout not in collected or not wanted.stdout:
            yield f"{path} is not what `nvgpuctl {' '.join(words)}` says"


def main(program, folder):
    root = tree()
    host = next(host for host in recorded(program, folder) if host.name == HOST)
    with tempfile.TemporaryDirectory() as name:
        files = pathlib.Path(name)
        (files / "out").mkdir()
        install(host.program, host, files)
        described = sos(root, files, "--list-plugins")
        sos(root, files, "--only-plugins", "nvgpuctl")
        packed = next((files / "out").glob("sosreport-*.tar.*[!256]"))
        with tarfile.open(packed) as archive:
            problems = list(problems_of_archive(archive, host))
        enabled = described.partition("plugins are currently disabled")[0]
        if not re.search(r"^ nvgpuctl +NVIDIA Grace", enabled, re.M):
            problems.append(f"the plugin is not enabled by itself:\n{described}")
    print("\n".join(problems) or "sos collects what nvgpuctl says")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
