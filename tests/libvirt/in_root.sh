#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
#   in_root.sh ROOT DIRECTORY
#
# Gives every DIRECTORY/*.xml to the libvirt of a tree made by roots.sh, and
# every DIRECTORY/*.qemu (arguments, each ended by a NUL) to its QEMU. Leaves,
# beside each, NAME.<check>.out and .err with what the check printed and
# NAME.<check>.rc with its exit code. Must be started in new mount, network and
# PID namespaces, which end with it: all mounts go with them.
#
# libvirt's QEMU driver runs inside virsh (qemu:///embed), so no daemon is
# started. It believes that this machine can assign devices with VFIO.
set -euo pipefail
root=$1
files=$2

mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/sys/kernel/iommu_groups"
mkdir "$root/sys/kernel/iommu_groups/0"
# Four NUMA nodes: the most sockets that a recorded host has.
nodes=$root/sys/devices/system/node
mount -t tmpfs tmpfs "$nodes"
for node in 0 1 2 3; do
  mkdir "$nodes/node$node"
  echo "Node $node MemTotal: 524288000 kB" >"$nodes/node$node/meminfo"
  echo "Node $node MemFree:  524288000 kB" >>"$nodes/node$node/meminfo"
  echo 00000001 >"$nodes/node$node/cpumap"
done
echo 0-3 | tee "$nodes"/{online,possible,has_cpu,has_memory} >/dev/null
for directory in dev run tmp; do
  mount -t tmpfs tmpfs "$root/$directory"
done
for node in null:3 zero:5 random:8 urandom:9; do
  mknod -m 666 "$root/dev/${node%:*}" c 1 "${node#*:}"
done
mkdir "$root/dev/vfio"
mknod -m 666 "$root/dev/vfio/vfio" c 1 3
mkdir "$root/tmp/files"
mount --bind "$files" "$root/tmp/files"

mkdir -p "$root/tmp/embed/etc"
cat >"$root/tmp/embed/etc/qemu.conf" <<'CONF'
user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
remember_owner = 0
stdio_handler = "file"
CONF

# shellcheck disable=SC2016  # the shell inside expands these
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin HOME=/tmp LC_ALL=C \
  LIBVIRT_LOG_OUTPUTS=4:stderr /bin/bash -euc '
shopt -s nullglob
check() {  # FILE NAME COMMAND...
  local rc=0
  "${@:3}" >"${1%.*}.$2.out" 2>"${1%.*}.$2.err" || rc=$?
  echo "$rc" >"${1%.*}.$2.rc"
}
embed=qemu:///embed?root=/tmp/embed
virsh --version >/tmp/files/libvirt-version
for file in /tmp/files/*.xml; do
  case $file in
    *.tcg.xml)
      name=${file##*/}
      check "$file" define virsh -q -c "$embed" \
        "define --validate $file; dumpxml --inactive ${name%.tcg.xml}"
      check "$file" argv virsh -q -c "$embed" \
        domxml-to-native qemu-argv "$file" ;;
    *)
      check "$file" schema virt-xml-validate "$file" domain
      check "$file" test virsh -q -c test:///default \
        define --validate "$file" ;;
  esac
done
for file in /tmp/files/*.qemu; do
  mapfile -d "" arguments <"$file"
  # The monitor answers only when the machine stands.
  check "$file" start timeout 20 qemu-system-aarch64 "${arguments[@]}" \
    -S -nodefaults -display none -monitor stdio <<<quit
done'
