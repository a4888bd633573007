#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# /init of a guest in the simulated host. It looks at the GPU that it was given
# as a guest's driver would, through the BARs, and writes what it saw to the
# console: one "guest: NAME VALUE" a line.
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev

report() { echo "guest: $*"; }

while read -r module; do
  insmod "/modules/$module"
done </modules/order

report initiators "$(cat /sys/devices/system/node/has_generic_initiator)"
for node in /sys/devices/system/node/node[0-9]*; do
  report "distances-${node##*/node}" "$(cat "$node/distance")"
done
for device in /sys/bus/pci/devices/*; do
  [ "$(cat "$device/vendor")" = 0x10de ] || continue
  gpu=$device
done
[ -n "$gpu" ] || { report no-gpu; poweroff -f; }
report device "$(cat "$gpu/device")"
report address "${gpu##*/}"
echo 1 >"$gpu/enable"
# Memory decode and bus mastering, as a driver's probe would switch on.
line=0
while read -r start end _; do
  case $line in
    2) bar2=$start size2=$((end - start + 1)) ;;
    4) bar4=$start size4=$((end - start + 1)) ;;
  esac
  line=$((line + 1))
done <"$gpu/resource"
report bar2-size "$size2"
report bar4-size "$size4"

# at BAR OFFSET [VALUE]: reads or writes 8 bytes.
at() { devmem "$(printf '0x%x' $(($1 + $2)))" 64 ${3:+"$3"}; }

read -r words </proc/cmdline
for word in $words; do
  # What is to be looked at, and what is to be written, comes from the host.
  case $word in
    read2=*) offset=${word#*=} && report "read2@$offset $(at "$bar2" "$offset")" ;;
    read4=*) offset=${word#*=} && report "read4@$offset $(at "$bar4" "$offset")" ;;
    write2=*) pair=${word#*=} && at "$bar2" "${pair%:*}" "${pair#*:}" ;;
    write4=*) pair=${word#*=} && at "$bar4" "${pair%:*}" "${pair#*:}" ;;
  esac
done
case $words in
  *stay*)
    # Until somebody presses the power button, which Linux calls a key.
    report up
    head -c 1 /dev/input/event0 >/dev/null
    ;;
esac
report end
poweroff -f
