#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# /init of the simulated host: what its disks need, then systemd from there.
/bin/busybox mkdir -p /proc /sys /dev /host
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
echo 4 >/proc/sys/kernel/printk

fail() {
  echo "lab-init: $*" >/dev/console
  poweroff -f
}

while read -r module; do
  insmod "/modules/$module" || fail "cannot load $module"
done </modules/order

# disk SERIAL: the block device that has it.
disk() {
  local serial try=0
  while [ $try -lt 100 ]; do
    for serial in /sys/block/vd*/serial; do
      if [ "$(cat "$serial" 2>/dev/null)" = "$1" ]; then
        basename "$(dirname "$serial")"
        return
      fi
    done
    usleep 100000
    try=$((try + 1))
  done
}

mount -t ext4 "/dev/$(disk host)" /host || fail "no host disk"
# A kernel that came as a package has its modules there already.
[ -d "/host/usr/lib/modules/$(uname -r)" ] ||
  mount -t ext4 -o ro "/dev/$(disk modules)" /host/usr/lib/modules || fail "no modules"
mount -t ext4 -o ro "/dev/$(disk payload)" /host/lab || fail "no payload"
# Installed files go where they belong; the host's disk forgets them at power-off.
[ ! -d /host/lab/install ] || cp -a /host/lab/install/. /host/
for mounted in proc sys dev; do
  mount --move /$mounted /host/$mounted
done
exec switch_root /host /usr/lib/systemd/systemd
