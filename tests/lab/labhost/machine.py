# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulated host as processes of this machine: QEMU, and a gpusim a GPU."""

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

from labhost import debian, store
from labhost import scenario as scenario_file
from labhost.agent import Agent
from labhost.store import LabError

BOOT_TIMEOUT = 240
PROCESSORS = 2


@dataclasses.dataclass
class Parts:
    """What a machine is put together from."""

    tools: object
    gpusim: list  # the command's beginning
    kernel: pathlib.Path
    initrd: pathlib.Path
    host_disk: pathlib.Path
    modules_disk: pathlib.Path | None  # None: they are on the host's
    payload_disk: pathlib.Path


def accelerator(tools):
    """KVM where a virtual machine with KVM inside really starts."""
    # acpi.iort() says why the SMMU is bypassed.
    fixed = ("virt,gic-version=3,iommu=smmuv3,default-bus-bypass-iommu=on,"
             "highmem-mmio-size=4T")
    if debian.native() == "arm64" and os.access("/dev/kvm", os.R_OK | os.W_OK):
        # Without nested virtualisation in the processor there would be no
        # guests in the simulated host.
        probe = subprocess.run(
            tools.qemu("-M", fixed + ",virtualization=on", "-accel", "kvm", "-cpu",
                       "host", "-nodefaults", "-display", "none", "-S", "-monitor",
                       "stdio"), input="quit\n", text=True, check=False,
            capture_output=True, timeout=30)
        if probe.returncode == 0:
            return ["-M", fixed + ",virtualization=on", "-accel", "kvm", "-cpu",
                    "host"]
    return ["-M", fixed + ",virtualization=on", "-accel", "tcg,thread=multi",
            "-cpu", "max,pauth-impdef=on"]


def qemu_arguments(parts, scenario, folder):
    own = scenario_file.RAM_END - scenario_file.RAM_START
    # QEMU's room for plugged memory begins at RAM_END. The GPUs' memory is
    # plugged in there: neither UEFI nor Linux takes it for RAM, as Linux is told
    # to leave plugged memory alone, and SRAT calls the room hot-pluggable.
    room = max(scenario.memory_end - scenario_file.RAM_END, 1 << 30)
    arguments = accelerator(parts.tools) + [
        "-nodefaults", "-display", "none", "-nic", "none",
        # A kernel that panics is to be noticed.
        *([] if scenario.reboots else ["-no-reboot"]),
        "-smp", str(PROCESSORS),
        "-m", f"{own >> 20}M,maxmem={(own + room) >> 20}M,"
              f"slots={len(scenario.gpus)}",
        "-object", f"memory-backend-ram,id=ram,size={own}",
        "-numa", f"node,nodeid=0,memdev=ram,cpus=0-{PROCESSORS - 1}",
        "-bios", str(parts.tools.firmware),
        "-kernel", str(parts.kernel), "-initrd", str(parts.initrd),
        "-append", "console=ttyAMA0 quiet panic=-1 acpi_no_memhotplug "
                   # The log is looked through at the end, for the whole run.
                   "log_buf_len=16M "
                   # What only costs time under emulation.
                   "mitigations=off systemd.gpt_auto=0 "
                   + ("" if scenario.libvirt else "audit=0 apparmor=0 ") +
                   "systemd.ssh_auto=0 TERM=dumb "
                   "systemd.show_status=no systemd.log_level=notice",
        "-chardev", f"file,id=console,path={folder}/console.log,append=on",
        "-serial", "chardev:console",
        "-device", "virtio-serial-pci,addr=3.0,id=serial,max_ports=31",
        "-chardev", f"socket,id=agent,path={folder}/agent,server=on,wait=off",
        "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
        "-chardev", f"socket,id=shell,path={folder}/shell,server=on,wait=off",
        "-device", "virtconsole,chardev=shell",
    ]
    for node in range(1, scenario.nodes):
        arguments += ["-numa", f"node,nodeid={node}"]
    arguments += distances(scenario)
    # A copy of the host's disk stays as it is left, for the machine's next start.
    own = parts.host_disk.is_relative_to(folder)
    disks = [("host", parts.host_disk, "cache=unsafe" if own else "snapshot=on"),
             ("modules", parts.modules_disk, "readonly=on"),
             ("payload", parts.payload_disk, "readonly=on")]
    for i, (name, path, option) in enumerate(disks):
        if not path:
            continue
        arguments += [
            "-drive", f"if=none,id={name},format=raw,file={path},{option}",
            "-device", f"virtio-blk-pci,drive={name},serial={name},addr={4 + i}.0"]
    for gpu in scenario.gpus:
        arguments += gpu_arguments(gpu, folder)
        if gpu.size:
            arguments += [
                "-object", f"memory-backend-ram,id=hbm{gpu.index},size={gpu.size}",
                "-device", f"pc-dimm,id=dimm{gpu.index},memdev=hbm{gpu.index},"
                           f"addr={gpu.base:#x},node={scenario.nodes - 1}"]
    return arguments


def distances(scenario):
    """As Grace hosts have them: far from the processors, close to each other,
    and another GPU's in between. Others are as QEMU would have them."""
    owner = {node: gpu.index for gpu in scenario.gpus for node in gpu.nodes}
    arguments = []
    for source in range(scenario.nodes if owner else 0):
        for target in range(source + 1, scenario.nodes):
            distance = 20
            if target in owner:
                distance = 80 if source == 0 else 40
                distance = 11 if owner.get(source) == owner[target] else distance
            arguments += ["-numa", f"dist,src={source},dst={target},val={distance}"]
    return arguments


def gpu_arguments(gpu, folder):
    name = f"gpu{gpu.index}"
    device = {"driver": "vfio-user-pci", "id": name, "bus": f"port{gpu.index}",
              "socket": {"type": "unix", "path": f"{folder}/{name}"}}
    arguments = [
        "-device", f"pcie-root-port,id=port{gpu.index},bus=pcie.0,"
                   f"addr={gpu.slot:x}.0,chassis={gpu.slot}",
        "-device", json.dumps(device),
        "-chardev", f"socket,id=control{gpu.index},path={folder}/{name}.control,"
                    "reconnect-ms=1000",
        "-device", f"virtserialport,chardev=control{gpu.index},"
                   f"name=gpusim.{gpu.index}"]
    for node in gpu.nodes:
        arguments += ["-object", f"acpi-generic-initiator,id=gi{node},"
                                 f"pci-dev={name},node={node}"]
    return arguments


@dataclasses.dataclass
class Process:
    name: str
    pid: int
    handle: object = None  # None where an earlier program started it

    def ended(self):
        """Its exit code, or None while it runs."""
        if self.handle:
            return self.handle.poll()
        return None if pathlib.Path(f"/proc/{self.pid}").exists() else -1


class Machine:
    """A running simulated host; `folder` has its sockets and logs."""

    def __init__(self, folder, processes=()):
        self.folder = folder
        self.processes = list(processes)
        self.agent = Agent(folder / "agent")

    def start(self, parts, scenario, stays):
        """With `stays` it outlives this program."""
        for gpu in scenario.gpus:
            name = f"gpu{gpu.index}"
            self.spawn(f"gpusim{gpu.index}", [
                *parts.gpusim, "--scenario", str(scenario.path), "--gpu",
                str(gpu.index), "--socket", str(self.folder / name), "--control",
                str(self.folder / f"{name}.control"), "--log",
                str(self.folder / f"{name}.log")], stays)
        for gpu in scenario.gpus:
            self.wait_for_socket(f"gpu{gpu.index}")
            self.wait_for_socket(f"gpu{gpu.index}.control")
        self.spawn("qemu", parts.tools.qemu(
            *qemu_arguments(parts, scenario, self.folder)), stays)

    def spawn(self, name, command, stays):
        with open(self.folder / f"{name}.log", "ab") as log:
            handle = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=None if stays else store.die_with_parent)
        self.processes.append(Process(name, handle.pid, handle))

    def check_alive(self):
        for process in self.processes:
            code = process.ended()
            if code is not None:
                raise LabError(f"{process.name} ended with exit code {code}",
                               self.folder / f"{process.name}.log")

    def wait_for_socket(self, name):
        deadline = time.monotonic() + 10
        while not (self.folder / name).exists():
            self.check_alive()
            if time.monotonic() > deadline:
                raise LabError(f"gpusim did not make its socket {name}")
            time.sleep(0.02)

    def wait_for_boot(self):
        """Until the agent answers; says how many seconds it took."""
        start = time.monotonic()
        while not self.agent.connect():
            self.check_alive()
            time.sleep(0.05)
        while not self.agent.sync(1):
            self.check_alive()
            if time.monotonic() > start + BOOT_TIMEOUT:
                raise LabError(f"no agent answered within {BOOT_TIMEOUT} s",
                               self.folder / "console.log")
        return time.monotonic() - start

    def wait_until_off(self, seconds=BOOT_TIMEOUT):
        """Until it has switched itself off; then it can be started again."""
        deadline = time.monotonic() + seconds
        while self.processes[-1].ended() is None:
            if time.monotonic() > deadline:
                raise LabError(f"not switched off after {seconds} s",
                               self.folder / "console.log")
            time.sleep(0.2)
        self.stop()
        for path in self.folder.iterdir():
            if path.is_socket():
                path.unlink()

    def control(self, index, command):
        """One command to a gpusim; its answer."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(30)
            control.connect(str(self.folder / f"gpu{index}.control"))
            control.sendall(command.encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                data = control.recv(65536)
                if not data:
                    break
                answer += data
        answer = answer.decode().rstrip("\n")
        if answer.startswith("error"):
            raise LabError(f"gpusim {index} to '{command}': {answer}")
        return answer

    def stop(self):
        self.agent.close()
        # QEMU first: gpusims end by themselves when it goes.
        for process in reversed(self.processes):
            if process.ended() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            if process.handle:
                process.handle.wait()
        self.processes = []
