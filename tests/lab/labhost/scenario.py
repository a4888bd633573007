# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenario files: what is simulated, and what is checked in it."""

import dataclasses
import pathlib

import yaml

from labhost.debian import USERLANDS
from labhost.store import REPOSITORY, LabError

FOLDER = REPOSITORY / "tests/lab/scenarios"
# The host's own RAM; the memory of GPUs lies above.
RAM_START = 0x40000000
RAM_END = 0x100000000
MEMORY_LIMIT = 0x600000000
# CONFIG_NODES_SHIFT is 4 in Debian's arm64 kernels.
MAX_NODES = 16
MAX_GPUS = 16


@dataclasses.dataclass
class Gpu:
    index: int
    device_id: int
    base: int
    size: int
    # _DSD values that differ from the above, by their names without
    # "nvidia,gpu-mem-"; None is for no _DSD at all.
    dsd: dict | None
    nodes: range
    sim: dict

    @property
    def slot(self):
        """Of its root port."""
        return 9 + self.index

    @property
    def address(self):
        """Root ports get the bus numbers from 1 on, in the order of slots."""
        return f"0000:{self.index + 1:02x}:00.0"

    def properties(self):
        """What its _DSD says."""
        if self.dsd is None:
            return {}
        values = {"base-pa": self.base, "size": self.size}
        if self.nodes:
            values |= {"pxm-start": self.nodes.start, "pxm-count": len(self.nodes)}
        names = {"base": "base-pa", "size": "size", "pxm_start": "pxm-start",
                 "pxm_count": "pxm-count"}
        for key, value in self.dsd.items():
            values[names[key]] = value
        return {f"nvidia,gpu-mem-{name}": value for name, value in values.items()}


@dataclasses.dataclass
class Scenario:
    name: str
    path: pathlib.Path
    description: str
    test: str
    kernels: list
    suite: str      # of the userland
    libvirt: bool   # with libvirt and AppArmor
    packages: bool  # without program and driver, which come as packages
    layout: str
    driver: str  # "ours", or "kernel": the kernel's own variant driver
    reboots: bool   # the machine starts again where it would else end
    gpus: list

    @property
    def memory_end(self):
        return max([RAM_END, *(gpu.base + gpu.size for gpu in self.gpus)])

    @property
    def nodes(self):
        """How many; node 0 has the processors and the host's own RAM."""
        return max([2, *(gpu.nodes.stop for gpu in self.gpus)])


class Fields:
    """One mapping of the file; whoever asks for nothing else calls end()."""

    def __init__(self, values, place):
        if not isinstance(values, dict):
            raise LabError(f"{place}: a mapping is wanted, not {values!r}")
        self.values = dict(values)
        self.place = place

    def take(self, key, kind, *default):
        if key not in self.values and default:
            return default[0]
        value = self.values.pop(key, None)
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            raise LabError(f"{self.place}: {key} is to be {kind.__name__}, "
                           f"not {value!r}")
        return value

    def end(self):
        if self.values:
            raise LabError(f"{self.place}: unknown: {', '.join(self.values)}")


def read_gpu(index, values, place):
    fields = Fields(values, f"{place}: gpus[{index}]")
    memory = Fields(fields.take("coherent", dict), f"{fields.place}.coherent")
    base, size = memory.take("base", int), memory.take("size", int)
    memory.end()
    dsd = fields.values.pop("dsd", {})
    if dsd == "none":
        dsd = None
    elif not isinstance(dsd, dict) or \
            set(dsd) - {"base", "size", "pxm_start", "pxm_count"}:
        raise LabError(f"{fields.place}: dsd is `none`, or base, size, "
                       "pxm_start and pxm_count")
    nodes = range(0)
    if "pxm" in fields.values:
        pxm = Fields(fields.take("pxm", dict), f"{fields.place}.pxm")
        start, count = pxm.take("start", int), pxm.take("count", int)
        pxm.end()
        if start < 1 or count < 1 or start + count > MAX_NODES:
            raise LabError(f"{fields.place}: nodes lie between 1 and "
                           f"{MAX_NODES - 1}")
        nodes = range(start, start + count)
    gpu = Gpu(index, fields.take("device_id", int), base, size, dsd, nodes,
              fields.take("sim", dict, {}))
    fields.end()
    if base < RAM_END or size < 0 or base + size > MEMORY_LIMIT:
        raise LabError(f"{fields.place}: coherent memory lies between "
                       f"{RAM_END:#x} and {MEMORY_LIMIT:#x}; dsd can say otherwise")
    return gpu


def load(name, suite=None):
    path = FOLDER / f"{name}.yaml"
    if not path.exists():
        known = ", ".join(every())
        raise LabError(f"no scenario {name}; there are: {known}")
    try:
        fields = Fields(yaml.safe_load(path.read_text(encoding="utf-8")), path.name)
    except yaml.YAMLError as error:
        raise LabError(f"{path}: {error}") from error
    gpus = [read_gpu(i, gpu, path.name)
            for i, gpu in enumerate(fields.take("gpus", list))]
    default_suite = fields.take("suite", str, USERLANDS[0])
    scenario = Scenario(name, path, fields.take("description", str),
                        fields.take("test", str), fields.take("kernels", list),
                        suite or default_suite, fields.take("libvirt", bool, False),
                        fields.take("packages", bool, False),
                        fields.take("layout", str, "split"),
                        fields.take("driver", str, "ours"),
                        fields.take("reboots", bool, False), gpus)
    fields.end()
    if scenario.layout not in ("split", "single"):
        raise LabError(f"{path.name}: layout is split or single")
    if scenario.driver not in ("ours", "kernel"):
        raise LabError(f"{path.name}: driver is ours or kernel")
    if not 1 <= len(gpus) <= MAX_GPUS:
        raise LabError(f"{path.name}: between 1 and {MAX_GPUS} gpus are possible")
    return scenario


def every():
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))
