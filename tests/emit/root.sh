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

# For their data alone: CDI's schema, and what GPUs are called. And what the
# packages' scripts would have done: Ansible asks who it is, and Nova's
# libraries read the certificates when they are loaded.
complete_emit() {  # DIRECTORY
  APT_CONFIG=$(apt_of trixie)
  export APT_CONFIG
  for file in $(download "$1/debs" pci.ids \
    golang-tags.cncf-container-device-interface-dev); do
    dpkg-deb -x "$file" "$1/data"
  done
  rm -r "$1/debs"
  echo 'root:x:0:0:root:/tmp/home:/bin/sh' >"$1/etc/passwd"
  echo 'root:x:0:' >"$1/etc/group"
  cat "$1"/usr/share/ca-certificates/mozilla/*.crt \
    >"$1/etc/ssl/certs/ca-certificates.crt"
}

# Its fonts are found without any configuration.
complete_browser() { :; }

make_tree() {  # DIRECTORY emit|browser
  local path options=()
  for path in /usr/bin/prometheus '/usr/share/javascript/*' \
    '/usr/share/python-babel-localedata/*' '/usr/share/ieee-data/*'; do
    options+=("--dpkgopt=path-exclude=$path")
  done
  extract_root trixie "$1" \
    "base-files,libc-bin,dash,bash,coreutils,${packages[$2]}" "${options[@]}"
  "complete_$2" "$1"
}

case "${1:-}" in
  emit | browser) made_once "$1" trixie make_tree "$1" ;;
  *)
    echo "usage: root.sh emit|browser" >&2
    exit 2
    ;;
esac
