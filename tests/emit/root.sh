#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
#   root.sh emit      prints a tree of Debian trixie with those who read what
#                     `emit` writes: Nova, Prometheus, its node exporter,
#                     Ansible; and sos, whose plugin calls nvgpuctl
#   root.sh browser   prints one with a browser, for `report --html`
#
# Nothing of them is installed on this machine, and no service starts. A tree is
# made once, needs root, and is cached like those of tests/libvirt/roots.sh.
# Exit code 77: not possible here, and why is on stderr.
set -euo pipefail

declare -A packages
packages[emit]=python3,python3-nova,prometheus,prometheus-node-exporter
packages[emit]+=,ansible-core,openssh-client,sosreport
# Chromium without windows: a third of the whole.
packages[browser]=chromium-headless-shell,fonts-dejavu-core

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/../support/debian.sh"

what=$1
cache=${nvgpuctl_cache:?set by debian.sh}/$what

# For their data alone: CDI's schema, and what GPUs are called. And what the
# packages' scripts would have done: Ansible asks who it is, and Nova's
# libraries read the certificates when they are loaded.
complete_emit() {
  APT_CONFIG=$(apt_of trixie)
  export APT_CONFIG
  for file in $(download "$tree.new/debs" pci.ids \
    golang-tags.cncf-container-device-interface-dev); do
    dpkg-deb -x "$file" "$tree.new/data"
  done
  rm -r "$tree.new/debs"
  echo 'root:x:0:0:root:/tmp/home:/bin/sh' >"$tree.new/etc/passwd"
  echo 'root:x:0:' >"$tree.new/etc/group"
  cat "$tree.new"/usr/share/ca-certificates/mozilla/*.crt \
    >"$tree.new/etc/ssl/certs/ca-certificates.crt"
}

# Its fonts are found without any configuration.
complete_browser() { :; }

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
  extract_root trixie "$tree.new" \
    "base-files,libc-bin,dash,bash,coreutils,${packages[$what]}" "${options[@]}"
  "complete_$what"
  mv "$tree.new" "$tree"
fi
echo "$tree"
