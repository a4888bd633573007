# SPDX-License-Identifier: GPL-2.0-or-later
"""A directory that grows by files and relative symbolic links."""

import os


class Tree:
    def __init__(self, root):
        self.root = root
        self._made = set()

    def _full(self, path):
        full = os.path.join(self.root, path)
        parent = os.path.dirname(full)
        if parent not in self._made:
            os.makedirs(parent, exist_ok=True)
            self._made.add(parent)
        return full

    def directory(self, path):
        os.makedirs(os.path.join(self.root, path), exist_ok=True)

    def write(self, path, content):
        """Writes a file; text gets the newline that sysfs ends with."""
        if isinstance(content, str):
            if content and not content.endswith("\n"):
                content += "\n"
            content = content.encode()
        with open(self._full(path), "wb") as file:
            file.write(content)

    def write_all(self, directory, attributes):
        for name, content in attributes.items():
            self.write(f"{directory}/{name}", content)

    def link(self, path, target):
        """A symbolic link to another path of the tree, relative as in sysfs."""
        os.symlink(os.path.relpath(target, os.path.dirname(path)),
                   self._full(path))

    def link_as_is(self, path, target):
        """As in /proc, where links name what is no path, too."""
        os.symlink(target, self._full(path))


def cpu_ranges(cpus):
    """[0, 1, 2, 5] as the kernel prints it: "0-2,5"."""
    parts = []
    for cpu in sorted(cpus):
        if parts and parts[-1][1] == cpu - 1:
            parts[-1][1] = cpu
        else:
            parts.append([cpu, cpu])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)
