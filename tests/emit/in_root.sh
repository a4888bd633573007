#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
#   in_root.sh TREE FILES COMMAND...
#
# Runs a command in a tree made by root.sh, which stays as it is: FILES is
# /tmp/files there, and this machine is /tmp/host. Must be started in new mount
# and PID namespaces, which end with it: all mounts go with them.
set -euo pipefail
tree=$1
files=$2
shift 2

mount --bind "$tree" "$tree"
mount -o remount,bind,ro "$tree"
mount -t proc proc "$tree/proc"
mount -t tmpfs tmpfs "$tree/dev"
mount -t tmpfs tmpfs "$tree/tmp"
for node in null:3 zero:5 random:8 urandom:9; do
  mknod -m 666 "$tree/dev/${node%:*}" c 1 "${node#*:}"
done
mkdir "$tree/dev/shm" "$tree/tmp/files" "$tree/tmp/host" "$tree/tmp/home"
mount -t tmpfs tmpfs "$tree/dev/shm"
mount --bind "$files" "$tree/tmp/files"
mount --rbind / "$tree/tmp/host"
exec chroot "$tree" /usr/bin/env -i PATH=/tmp/files/bin:/usr/sbin:/usr/bin \
  HOME=/tmp/home LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 "$@"
