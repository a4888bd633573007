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

packages=base-files,libc-bin,dash,bash,coreutils,python3,python3-nova
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
  options=()
  for path in /usr/bin/prometheus '/usr/share/javascript/*' \
    '/usr/share/python-babel-localedata/*' '/usr/share/ieee-data/*'; do
    options+=("--dpkgopt=path-exclude=$path")
  done
  extract_root trixie "$tree.new" "$packages" "${options[@]}"
  # These two for their data alone: CDI's schema, and what GPUs are called.
  APT_CONFIG=$(apt_of trixie)
  export APT_CONFIG
  for file in $(download "$tree.new/debs" pci.ids \
    golang-tags.cncf-container-device-interface-dev); do
    dpkg-deb -x "$file" "$tree.new/data"
  done
  rm -r "$tree.new/debs"
  # What the packages' scripts would have done: Ansible asks who it is, and
  # Nova's libraries read the certificates when they are loaded.
  echo 'root:x:0:0:root:/tmp/home:/bin/sh' >"$tree.new/etc/passwd"
  echo 'root:x:0:' >"$tree.new/etc/group"
  cat "$tree.new"/usr/share/ca-certificates/mozilla/*.crt \
    >"$tree.new/etc/ssl/certs/ca-certificates.crt"
  mv "$tree.new" "$tree"
fi
echo "$tree"
