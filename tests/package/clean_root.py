# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian system on which nothing of ours has ever been, and what can be done to it.

The tree of packaging/build/roots.sh stays as it is: writes go to a file system in
memory above it. All happens in namespaces of the test's own, without a network.
"""
import glob
import hashlib
import os
import re
import subprocess
import sys

ARCHITECTURE = subprocess.run(["dpkg", "--print-architecture"], check=True, text=True,
                              capture_output=True).stdout.strip()
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, "packaging/build")
PACKAGES = os.path.join(TOP, "build/packages")
PINNED, FOREIGN = "0019:01:00.0", "0029:01:00.0"
# The package managers' own records, and what no package owns.
NOT_COMPARED = {"dev", "proc", "sys", "tmp", "packages", "var/cache/apt", "var/cache/debconf", "var/lib/apt",
                "var/lib/dpkg", "var/lib/rpm", "var/log", "var/cache/ldconfig", "etc/ld.so.cache"}


def version():
    with open(f"{TOP}/CMakeLists.txt", encoding="utf-8") as file:
        return re.search(r"^project\(nvgpuctl VERSION ([\d.]+)", file.read(), re.M).group(1)


def build(*words):
    """`./dev package`; where it cannot run, the test is skipped."""
    done = subprocess.run([f"{BUILD}/package.sh", *words], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode == 77:
        print("skipped:", done.stdout.strip().split("\n")[-1])
        sys.exit(77)
    if done.returncode != 0:
        sys.exit(f"package.sh {' '.join(words)} failed:\n{done.stdout}")


def clean_tree(suite):
    """The path of the suite's tree, which is made when it is not there."""
    done = subprocess.run([f"{BUILD}/roots.sh", "clean", suite], check=False, text=True, stdout=subprocess.PIPE)
    if done.returncode == 77:
        print(f"skipped: no clean tree of {suite} to be had here")
    if done.returncode != 0:
        sys.exit(done.returncode)
    return done.stdout.strip()


def enter_namespaces(suite):
    """Starts this test again in namespaces that end with it."""
    if os.getuid() != 0:
        print("skipped: chroots need root")
        sys.exit(77)
    if sys.argv[-1] == "--inside":
        sys.argv.pop()
        return
    clean_tree(suite)  # in there is no network
    os.execvp("unshare", ["unshare", "--mount", "--net", "--pid", "--mount-proc", "--fork", "--kill-child",
                          sys.executable, *sys.argv, "--inside"])


class CleanRoot:
    def __init__(self, suite, below=""):
        """With `below`, another tree of the suite shows where this one has nothing."""
        tree = clean_tree(suite)
        place = "/mnt"  # of this test's own namespace
        mount("-t", "tmpfs", "tmpfs", place)
        for name in ("upper", "work", "root"):
            os.mkdir(f"{place}/{name}")
        self.path = f"{place}/root"
        mount("-t", "overlay", "overlay", "-o",
              f"lowerdir={':'.join(filter(None, [tree, below]))},upperdir={place}/upper,workdir={place}/work", self.path)
        mount("-t", "proc", "proc", f"{self.path}/proc")
        mount("--bind", "/dev", f"{self.path}/dev")
        mount("--rbind", "-o", "ro", "/sys", f"{self.path}/sys")
        # Nothing is left out of what is installed from now on.
        for path in glob.glob(f"{self.path}/etc/dpkg/dpkg.cfg.d/*"):
            os.remove(path)
        os.mkdir(f"{self.path}/packages")
        mount("--bind", "-o", "ro", PACKAGES, f"{self.path}/packages")

    def run(self, *command):
        """Exit code, and all that it printed."""
        done = subprocess.run(["chroot", self.path, "/usr/bin/env", "-i", "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/bin",
                               "LC_ALL=C.UTF-8", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", *command],
                              check=False, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=300)
        return done.returncode, done.stdout

    def write(self, path, text, mode=0o644):
        path = self.path + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def install(self, *files):
        """Of build/packages/; all that they print."""
        found = [f"/packages/{os.path.relpath(path, PACKAGES)}" for name in files for path in glob.glob(f"{PACKAGES}/{name}")]
        if len(found) != len(files):
            raise AssertionError(f"{files} are not one file each: {found}")
        code, output = self.run("apt-get", "install", "-y", "--no-install-recommends", *found)
        if code != 0:
            raise AssertionError(output)
        return output

    def read(self, path):
        with open(self.path + path, encoding="utf-8") as file:
            return file.read()

    def exists(self, path):
        return os.path.lexists(self.path + path)

    def remove(self, path):
        os.remove(self.path + path)

    def pretend_to_have(self, gpu):
        """In a /sys of its own, and two that are pinned to their driver: by the policy,
        and by somebody else."""
        mount("-t", "tmpfs", "tmpfs", f"{self.path}/sys")
        for name in (gpu, PINNED, FOREIGN):
            self.write(f"/sys/bus/pci/devices/{name}/vendor", "0x10de\n")
        for name in (PINNED, FOREIGN):
            self.write(f"/sys/bus/pci/devices/{name}/driver_override", "nvgrace_gpu_vfio_pci\n")
            os.makedirs(f"{self.path}/sys/bus/pci/drivers/nvgrace_gpu_vfio_pci", exist_ok=True)
            os.symlink("../../drivers/nvgrace_gpu_vfio_pci", f"{self.path}/sys/bus/pci/devices/{name}/driver")

    def everything(self):
        """{path: what is there}, of all that a package could leave behind."""
        found = {}
        for folder, folders, names in os.walk(self.path):
            relative = os.path.relpath(folder, self.path)
            folders[:] = [name for name in folders
                          if os.path.normpath(os.path.join(relative, name)) not in NOT_COMPARED]
            for name in folders + names:
                path = os.path.normpath(os.path.join(relative, name))
                if path not in NOT_COMPARED:
                    found[path] = fingerprint(os.path.join(folder, name))
        return found


def program_that_says(code, sentence):
    """Stands for nvgpuctl: `unbind` answers so, the policy has a rule for every GPU but
    FOREIGN, as tests/golden/ has `assert -o json` say it, and every call is noted."""
    return f"""#!/bin/sh
echo "$@" >>/tmp/called
case "$*" in
  "assert -o json {FOREIGN}")
    echo '"rule": null, "driver": null, "at_boot": false, "verdict": "not-in-policy"' ;;
  "assert "*)
    echo '"rule": "a:5:5", "driver": "variant", "at_boot": true, "verdict": "same"' ;;
  "unbind "*)
    echo "{sentence}" >&2
    exit {code} ;;
esac
"""


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def fingerprint(path):
    mode = os.lstat(path).st_mode
    if os.path.islink(path):
        return (mode, os.readlink(path))
    if os.path.isfile(path):
        with open(path, "rb") as file:
            return (mode, hashlib.sha256(file.read()).hexdigest())
    return (mode, "")
