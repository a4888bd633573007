#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build_matrix.sh [--modules DIRECTORY] [SUITE...]
#
# Builds the driver for the newest arm64 kernel of each Debian suite, with the
# compiler that kernel was built with, warnings being errors, and with sparse.
# Prints a table as in docs/kernels.md. Logs and modules stay below the cache,
# ${NVGPUCTL_CACHE:-~/.cache/nvgpuctl}/kmod; deleting that is always safe. The
# modules go to DIRECTORY/KERNEL/ where one is named.
# Nothing is installed, and apt's own lists are not touched.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=/dev/null
. "$here/../support/debian.sh"
cache=${nvgpuctl_cache:?set by debian.sh}/kmod
modules=$cache/modules
if [ "${1-}" = --modules ]; then
  modules=$2
  shift 2
fi
driver=$here/../../kmod
module=nvgrace-gpu-vfio-pci.ko
devices=5

# The suite whose tools build a suite's kernels.
tools_suite() {
  case $1 in
    *-backports) echo "${1%-backports}" ;;
    sid) echo forky ;;
    *) echo "$1" ;;
  esac
}

# make_root SUITE COMPILER: prints the path of a tree with both, made once.
# Packages are only unpacked, not installed; what that leaves out is added.
make_root() {
  local suite=$1 compiler=$2 name root packages
  packages=base-files,dash,bash,coreutils,sed,grep,mawk,findutils,make
  packages+=,perl-base,pahole,sparse,$compiler
  name=$suite-$compiler-$(echo "$packages" | sha256sum | head -c 8)
  root=$cache/roots/$name
  if [ ! -d "$root" ]; then
    echo "making a Debian $suite tree with $compiler, once" >&2
    mkdir -p "$cache/roots"
    rm -rf "$root.new"
    extract_root "$suite" "$root.new" "$packages" || return
    ln -sf mawk "$root.new/usr/bin/awk"
    mv "$root.new" "$root"
  fi
  echo "$root"
}

# headers_of SUITE: name of its newest kernel's headers package.
headers_of() {
  field linux-headers-arm64:arm64 Depends |
    grep -o 'linux-headers-[0-9][^ ,]*-arm64'
}

# unpack_headers HEADERS ROOT: where installing would put them, once.
unpack_headers() {
  local headers=$1 root=$2 depends common kbuild file files
  [ ! -e "$root/usr/src/.$headers" ] || return 0
  depends=$(field "$headers:arm64" Depends)
  common=$(grep -o 'linux-headers-[^ ,]*-common' <<<"$depends" | head -n 1)
  kbuild=$(grep -o 'linux-kbuild-[^ ,:]*' <<<"$depends" | head -n 1)
  files=$(download "$cache/debs" "$headers:arm64" "$common" "$kbuild") || return 1
  for file in $files; do
    # Unlike dpkg-deb -x this leaves /lib the symbolic link it is.
    dpkg-deb --fsys-tarfile "$file" |
      tar -x --keep-directory-symlink -C "$root" || return 1
  done
  # Newer kernels ask a script if sparse is fit, which Debian leaves out. It is
  # not where it does not know this keyword of their headers.
  file=$root/usr/lib/$kbuild/scripts/checker-valid.sh
  [ -e "$file" ] || install -m 755 /dev/stdin "$file" <<'SCRIPT'
#!/bin/sh
echo 'static int f(const int *p) { __typeof_unqual__(*p) v = *p; return v; }' \
  >/tmp/checker-valid.c
"$@" /tmp/checker-valid.c 2>&1 | awk -v fit=1 '/error/ { fit = 0 } END { print fit }'
SCRIPT
  touch "$root/usr/src/.$headers"
}

# build ROOT KERNEL: in ROOT, from a copy, so that the sources stay clean.
build() {
  local root=$1 kernel=$2
  rm -rf "$root/build/$kernel"
  mkdir -p "$root/build/$kernel"
  (cd "$driver" && cp -r -- *.c *.h Kbuild Makefile probes "$root/build/$kernel") ||
    return 1
  nice -n 10 chroot "$root" env -i PATH=/usr/bin:/usr/sbin LC_ALL=C \
    make -C "/build/$kernel" KDIR="/usr/src/linux-headers-$kernel" \
    CROSS_COMPILE=aarch64-linux-gnu- KCFLAGS=-Werror W=1 C=1
}

# What the module says of itself, checked before anybody loads it.
check_module() {
  local file=$1 found
  found=$(modinfo -F alias "$file" | grep -c '^vfio_pci:v000010DEd')
  [ "$found" = $devices ] || { echo "$found vfio_pci aliases, not $devices"; return 1; }
  modinfo -F description "$file" | grep -q '^nvgpuctl' ||
    { echo "description does not name nvgpuctl"; return 1; }
  [ -n "$(modinfo -F version "$file")" ] || { echo "no version"; return 1; }
}

probes_found() {
  sed -n 's/^#define NVGPU_HAVE_\([A-Z_]*\) 1$/\1/p' "$1" | tr 'A-Z\n' 'a-z ' |
    sed 's/ $//'
}

# try SUITE: one row on stdout; how it went on stderr and in a log.
try() {
  local suite=$1 headers kernel compiler root log out result=yes sparse=yes
  APT_CONFIG=$(apt_of "$suite") || skip "no package lists of Debian $suite"
  export APT_CONFIG
  headers=$(headers_of)
  [ -n "$headers" ] || skip "Debian $suite has no arm64 kernel"
  kernel=${headers#linux-headers-}
  echo "== Debian $suite: Linux $kernel" >&2
  compiler=$(field "$headers:arm64" Depends | grep -o 'gcc-[0-9]*')
  # On an arm64 machine the compiler is no cross compiler.
  out=$compiler-aarch64-linux-gnu
  [ "$(dpkg --print-architecture)" != arm64 ] || out=$compiler
  root=$(make_root "$(tools_suite "$suite")" "$out") || exit $?
  unpack_headers "$headers" "$root" || skip "cannot download $headers"

  log=$cache/logs/$kernel.log
  out=$modules/$kernel
  mkdir -p "$cache/logs" "$out"
  rm -f "$out/$module"
  # sparse reports and succeeds; a line about a file of ours is a failure.
  if ! build "$root" "$kernel" >"$log" 2>&1; then
    result="**no**: does not compile"
  elif grep -E '^(/build/[^/]*/)?[a-z_]+\.[ch]:[0-9]+:[0-9]+: (warning|error)' "$log" >&2; then
    result="**no**: warnings"
  else
    cp "$root/build/$kernel/$module" "$out/" && check_module "$out/$module" >>"$log" ||
      result="**no**: modinfo"
  fi
  if ! grep -q '^ *CHECK ' "$log"; then
    sparse="too old"
    # Debian 13's sparse does not know the attributes of this suite's kernel.
    [ "$suite" = trixie-backports ] || result="**no**: sparse did not run"
  fi
  if [ "$result" != yes ]; then
    echo "-- the end of $log" >&2
    tail -n 25 "$log" >&2
  fi
  echo "| $kernel | $suite | $compiler | $(probes_found "$root/build/$kernel/probed.h" 2>/dev/null) | $sparse | $result |"
  [ "$result" = yes ]
}

[ $# -gt 0 ] || set -- bookworm trixie trixie-backports forky sid
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
status=0
rows=
for suite in "$@"; do
  row=$(try "$suite")
  code=$?
  # What is not possible must not hide what failed.
  if [ $code -eq 77 ]; then
    [ $status -ne 0 ] || status=77
  elif [ $code -ne 0 ]; then
    status=1
  fi
  [ -z "$row" ] || rows+=$row$'\n'
done
echo "| kernel | suite | compiler | probes found | sparse | builds |"
echo "|---|---|---|---|---|---|"
printf '%s' "$rows"
exit $status
