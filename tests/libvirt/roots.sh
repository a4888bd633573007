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
left_out=('/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*'
  '/usr/share/info/*' '/usr/share/icons/*' '/usr/share/AAVMF/*'
  '/usr/share/qemu-efi-aarch64/*' '/usr/lib/systemd/*' '/var/lib/systemd/*')

skip() {
  echo "roots.sh: $*" >&2
  exit 77
}

# apt itself knows where its packages come from, in whatever format its
# sources are written.
mirror() {
  local here line
  # shellcheck source=/dev/null
  here=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016  # apt expands these, not the shell
  line=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
    'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
    grep -m 1 "^$here main " || true)
  [ -n "$line" ] ||
    skip "apt has no package lists of Debian $here; run apt-get update"
  echo "${line##* }"
}

# Old snapshots of the archive are fine: nothing here is exposed to anybody.
apt_options=(-o 'Acquire::Check-Valid-Until=false'
  -o 'APT::Install-Recommends=false' -o 'Acquire::Languages=none')

make_roots() {  # SUITE DIRECTORY
  command -v mmdebstrap >/dev/null || skip "mmdebstrap is not installed"
  local options=() option path
  for option in "${apt_options[@]}"; do
    [ "$option" = -o ] || options+=("--aptopt=${option%%=*} \"${option#*=}\"")
  done
  for path in "${left_out[@]}"; do
    options+=("--dpkgopt=path-exclude=$path")
  done
  # In namespaces of its own and dying with this script, so that an
  # interruption leaves neither mounts nor processes behind.
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child \
    mmdebstrap --quiet --mode=root --variant=extract --format=directory \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr "${options[@]}" \
    --include="$packages" "$1" "$2" "deb $(mirror) $1 main" >&2
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
  local state="$2.apt" package=libvirt-common
  # Debian 12 had the schemas in the library's package.
  [ "$1" != bookworm ] || package=libvirt0
  mkdir -p "$state"/{lists/partial,archives/partial} "$2"
  echo "deb $(mirror) $1 main" >"$state/sources.list"
  local apt=(apt-get -qq "${apt_options[@]}" -o "Dir::State=$state"
    -o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state"
    -o "Dir::Etc::SourceList=$state/sources.list"
    -o 'Dir::Etc::SourceParts=/dev/null' -o 'Dir::Etc::Preferences=/dev/null'
    -o 'Dir::Etc::PreferencesParts=/dev/null' -o 'APT::Sandbox::User=root')
  "${apt[@]}" update >&2
  (cd "$state" && "${apt[@]}" download "$package" >&2)
  dpkg-deb --fsys-tarfile "$state/${package}"_*.deb |
    tar -x -C "$2" --wildcards './usr/share/libvirt/schemas/*'
  rm -r "$state"
}

cached() {  # KIND SUITE
  local kind=$1 suite=$2 cache name target
  cache=${NVGPUCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nvgpuctl}/$kind
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
      rm -rf "$cache/.new-$suite" "$cache/.new-$suite.apt"
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
