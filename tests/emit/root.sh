#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
#   root.sh   prints a tree of Debian trixie with those who read what `emit`
#             writes: Nova, Prometheus, its node exporter, Ansible
#
# Nothing of them is installed on this machine, and no service starts. The tree
# is made once, needs root, and is cached like those of tests/libvirt/roots.sh.
# Exit code 77: not possible here, and why is on stderr.
set -euo pipefail

packages=base-files,dash,bash,coreutils,python3,python3-nova
packages+=,prometheus,prometheus-node-exporter,ansible-core,openssh-client

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/../support/debian.sh"

cache=${nvgpuctl_cache:?set by debian.sh}/emit
tree=$cache/$(sha256sum <"${BASH_SOURCE[0]}" | head -c 12)
if [ ! -d "$tree" ]; then
  [ "$(id -u)" = 0 ] || skip "making a Debian trixie tree needs root"
  mkdir -p "$cache"
  exec 9>"$cache/.lock"
  flock 9
fi
if [ ! -d "$tree" ]; then
  # With the lock held, whatever else lies there is unfinished or outdated.
  find "$cache" -mindepth 1 -maxdepth 1 ! -name .lock -exec rm -rf {} +
  echo "root.sh: making a Debian trixie tree, once" >&2
  extract_root trixie "$tree.new" "$packages"
  # Ansible asks who it is.
  echo 'root:x:0:0:root:/root:/bin/sh' >"$tree.new/etc/passwd"
  echo 'root:x:0:' >"$tree.new/etc/group"
  mv "$tree.new" "$tree"
fi
echo "$tree"
