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
# changes with this script. Packages come from where this machine's own apt
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

make_roots() {  # SUITE DIRECTORY
  local options=() path
  for path in "${left_out[@]}"; do
    options+=("--dpkgopt=path-exclude=$path")
  done
  extract_root "$1" "$2" "$packages" "${options[@]}"
  # libvirt looks up its users, and that firmware exists; nobody boots it.
  cat >"$2/etc/passwd" <<'USERS'
root:x:0:0:root:/root:/bin/sh
libvirt-qemu:x:64055:64055::/:/bin/false
tss:x:111:111::/:/bin/false
USERS
  sed 's/^\([^:]*\):x:[0-9]*:\([0-9]*\):.*/\1:x:\2:/' "$2/etc/passwd" \
    >"$2/etc/group"
  echo 'kvm:x:106:' >>"$2/etc/group"
  echo 0123456789abcdef0123456789abcdef >"$2/etc/machine-id"
  mkdir -p "$2/usr/share/AAVMF"
  grep -ho '/usr/share/AAVMF/[^"]*' "$2"/usr/share/qemu/firmware/*.json |
    sort -u | while read -r path; do : >"$2$path"; done
}

make_schemas() {  # SUITE DIRECTORY
  local package=libvirt-common file
  # Debian 12 had the schemas in the library's package.
  [ "$1" != bookworm ] || package=libvirt0
  APT_CONFIG=$(apt_of "$1")
  export APT_CONFIG
  file=$(download "$2.debs" "$package")
  mkdir -p "$2"
  dpkg-deb --fsys-tarfile "$file" |
    tar -x -C "$2" --wildcards './usr/share/libvirt/schemas/*'
  rm -r "$2.debs"
}

cached() {  # KIND SUITE
  local kind=$1 suite=$2 cache name target
  cache=${nvgpuctl_cache:?set by debian.sh}/$kind
  name=$suite-$(sha256sum <"${BASH_SOURCE[0]}" | head -c 12)
  target=$cache/$name
  mkdir -p "$cache"
  if [ ! -d "$target" ]; then
    [ "$kind" = schemas ] || [ "$(id -u)" = 0 ] ||
      skip "making a Debian $suite tree needs root"
    exec 9>"$cache/.lock-$suite"
    flock 9
    if [ ! -d "$target" ]; then
      # With the lock held, unfinished trees are what an interrupted run left;
      # finished ones of older scripts go after a week.
      rm -rf "$cache/.new-$suite" "$cache/.new-$suite.debs"
      find "$cache" -maxdepth 1 -name "$suite-*" -mtime +7 -exec rm -rf {} +
      echo "roots.sh: making $kind of Debian $suite, once" >&2
      "make_$kind" "$suite" "$cache/.new-$suite"
      mv "$cache/.new-$suite" "$target"
    fi
  fi
  touch -c "$target" 2>/dev/null || true
  echo "$target"
}

case "${1:-} ${2:-}" in
  'path bookworm' | 'path trixie' | 'path forky') cached roots "$2" ;;
  'schemas bookworm' | 'schemas trixie' | 'schemas forky')
    echo "$(cached schemas "$2")/usr/share/libvirt/schemas" ;;
  *)
    echo "usage: roots.sh path|schemas bookworm|trixie|forky" >&2
    exit 2
    ;;
esac
