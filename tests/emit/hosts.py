# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of this folder share: the program on every recorded host, and
the tree of Debian packages that root.sh makes."""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# States in which a GPU can be given to a VM.
PASSABLE = ("ready", "unknown", "bound")


class Host:
    def __init__(self, program, path):
        self.name = path.name
        self.path = path
        self.program = program
        self.gpus = json.loads(self.run("list", "-o", "json").stdout)["items"]

    def run(self, *arguments):
        return subprocess.run([self.program, "--root", self.path, *arguments],
                              capture_output=True, text=True)

    def emit(self, target):
        """The text; nothing where the host has no GPU for this target."""
        result = self.run("emit", target)
        if result.returncode == 0:
            return result.stdout
        assert result.returncode == 5 and not result.stdout, f"{self.name}: {result}"
        assert not self.passable or target == "cdi", f"{self.name}: {result.stderr}"
        return None

    @property
    def passable(self):
        return [gpu for gpu in self.gpus if gpu["state"] in PASSABLE]


def recorded(program, folder):
    # Absolute: they are named from within the tree, too.
    program, folder = pathlib.Path(program).resolve(), pathlib.Path(folder).resolve()
    hosts = [Host(program, path) for path in sorted(folder.iterdir())
             if (path / "sys").is_dir()]
    assert len(hosts) > 10, f"no recorded hosts in {folder}"
    return hosts


def emitted(hosts, target):
    """Pairs of host and text."""
    pairs = [(host, host.emit(target)) for host in hosts]
    pairs = [(host, text) for host, text in pairs if text is not None]
    assert pairs, f"no host has anything for {target}"
    return pairs


def ids(gpu):
    model = gpu["model"]
    return f"{model['vendor_id']:04x}", f"{model['device_id']:04x}"


def tree(what="emit"):
    """The path of a tree of root.sh; ends this program with 77 where it cannot be made."""
    made = subprocess.run([HERE / "root.sh", what], stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        sys.exit(made.returncode)
    return pathlib.Path(made.stdout.strip())


def in_tree(root, files, *command):
    """The command line that runs one of the tree's programs."""
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child",
            HERE / "in_root.sh", root, files, *command]
