#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Small Debian trees with the libvirt and QEMU of other suites.
#
#   roots.sh path SUITE      prints the tree's path; makes it first (root only)
#   roots.sh schemas SUITE   prints the folder of libvirt's RELAX NG schemas;
#                            downloads one package, needs no root
#
# Both are cached below ${NVGPUCTL_CACHE:-~/.cache/nvgpuctl}, under a name that
# changes with these scripts. Packages come from where this machine's own apt
# gets them. Exit code 77 means: not possible here, and why is on stderr.
set -euo pipefail

# Only what `virsh domxml-to-native` and `virt-xml-validate` need. Packages are
# unpacked, not installed, so nothing of theirs is ever started or configured.
packages=base-files,dash,bash,coreutils,grep,sed,libvirt-daemon,libvirt-clients
packages+=,libvirt-daemon-driver-qemu,libxml2-utils,qemu-system-arm
packages+=,qemu-efi-aarch64
left_out=('/usr/share/AAVMF/*' '/usr/share/qemu-efi-aarch64/*'
  '/usr/lib/systemd/*' '/var/lib/systemd/*')

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/../support/debian.sh"

make_root() {  # DIRECTORY SUITE
  local options=() path
  for path in "${left_out[@]}"; do
    options+=("--dpkgopt=path-exclude=$path")
  done
  extract_root "$2" "$1" "$packages" "${options[@]}"
  # libvirt looks up its users, and that firmware exists; nobody boots it.
  cat >"$1/etc/passwd" <<'USERS'
root:x:0:0:root:/root:/bin/sh
libvirt-qemu:x:64055:64055::/:/bin/false
tss:x:111:111::/:/bin/false
USERS
  sed 's/^\([^:]*\):x:[0-9]*:\([0-9]*\):.*/\1:x:\2:/' "$1/etc/passwd" \
    >"$1/etc/group"
  echo 'kvm:x:106:' >>"$1/etc/group"
  echo 0123456789abcdef0123456789abcdef >"$1/etc/machine-id"
  mkdir -p "$1/usr/share/AAVMF"
  grep -ho '/usr/share/AAVMF/[^"]*' "$1"/usr/share/qemu/firmware/*.json |
    sort -u | while read -r path; do : >"$1$path"; done
}

make_schemas() {  # DIRECTORY SUITE
  local package=libvirt-common file
  # Debian 12 had the schemas in the library's package.
  [ "$2" != bookworm ] || package=libvirt0
  APT_CONFIG=$(apt_of "$2")
  export APT_CONFIG
  file=$(download "$1/debs" "$package")
  dpkg-deb --fsys-tarfile "$file" |
    tar -x -C "$1" --wildcards './usr/share/libvirt/schemas/*'
  rm -r "$1/debs"
}

case "${1:-} ${2:-}" in
  'path bookworm' | 'path trixie' | 'path forky')
    made_once roots "$2" make_root "$2" ;;
  'schemas bookworm' | 'schemas trixie' | 'schemas forky')
    tree=$(made_once schemas "$2" make_schemas "$2")
    echo "$tree/usr/share/libvirt/schemas"
    ;;
  *)
    echo "usage: roots.sh path|schemas bookworm|trixie|forky" >&2
    exit 2
    ;;
esac
