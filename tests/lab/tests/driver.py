# SPDX-License-Identifier: GPL-2.0-or-later
"""A healthy GPU."""


def run(lab):
    host = lab.host
    for c in ["uname -a", "lspci -nn", "cat /proc/iomem", "ls /sys/bus/pci/devices/0000:01:00.0/", "readlink /sys/bus/pci/devices/0000:01:00.0/iommu_group /sys/bus/pci/devices/0000:01:00.0/firmware_node; cat /sys/devices/system/node/*; systemctl --no-pager --failed; systemd-analyze; systemd-analyze blame | head -20"]:
        host.sh(c, check=False)
