#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Small Debian trees in which packages are built and tried.
#
#   roots.sh build SUITE ARCH    compiler, debhelper, lintian and the libraries
#                                of ARCH; in the suite that builds RPMs, rpm too
#   roots.sh clean SUITE         what a host has before: apt, udev, dkms, and the
#                                libraries that our packages depend on, so that
#                                trying them needs no network
#
# Prints the tree's path; makes it first (root only). Trees are cached below
# ${NVGPUCTL_CACHE:-~/.cache/nvgpuctl}/package, under a name that changes with these
# scripts. Exit code 77 means: not possible here, and why is on stderr.
set -euo pipefail
shopt -s extglob

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/../../tests/support/debian.sh"

tools='debhelper cmake ninja-build ccache pkgconf python3 python3-yaml lintian'
headers='libexpected-dev libcli11-dev libdtl-dev nlohmann-json3-dev'
libraries='libyaml-cpp-dev libfmt-dev libpci-dev libxml2-dev libudev-dev
  libvirt-dev zlib1g-dev'
# One spec for every distribution, so one suite's rpm is enough; %check wants
# what the tests want.
rpm_suite=bookworm
rpm_tools='rpm rpmlint libgtest-dev libgmock-dev acpica-tools pciutils python3-jsonschema'
clean='udev kmod dkms bash-completion'

# install_root SUITE DIRECTORY PACKAGES [MMDEBSTRAP-OPTION...]: a tree with the
# packages installed; apt's lists stay, because installing ours asks for them.
install_root() {
  debian_root "$1" "$2" "$3" --variant=minbase --skip=cleanup/apt/lists "${@:4}"
  rm -rf "$2"/var/cache/apt/archives/*.deb
}

make_build() {  # DIRECTORY SUITE ARCH
  local native packages architectures library
  native=$(dpkg --print-architecture)
  packages="$tools $headers" architectures=$native
  if [ "$3" = "$native" ]; then
    packages+=" build-essential $libraries"
    [ "$2" != "$rpm_suite" ] || packages+=" $rpm_tools"
  else
    # The emulator runs the program once, to write its completions.
    packages+=" crossbuild-essential-$3 qemu-user" architectures+=,$3
    # debhelper asks the pkg-config of that architecture.
    for library in $libraries pkgconf; do
      packages+=" $library:$3"
    done
  fi
  install_root "$2" "$1" "$packages" "--architectures=$architectures"
  mkdir "$1/build" "$1/ccache"
}

make_clean() {  # DIRECTORY SUITE
  local library packages=$clean
  APT_CONFIG=$(apt_of "$2")
  export APT_CONFIG
  # Libraries have other names in every suite; those for compiling lead to them.
  for library in $libraries; do
    case $library in libvirt-dev | zlib1g-dev) continue ;; esac
    packages+=" $(field "$library" Depends | tr , '\n' | sed 's/^ *//; s/[ (].*//' |
      grep -v -e '-dev$' | tr '\n' ' ')"
  done
  unset APT_CONFIG
  install_root "$2" "$1" "$packages"
}

case "${1:-} ${2:-} ${3:-}" in
  'build '@(bookworm|trixie|forky)' '@(amd64|arm64))
    made_once package "build-$2-$3" make_build "$2" "$3" ;;
  'clean '@(bookworm|trixie|forky)' ')
    made_once package "clean-$2" make_clean "$2" ;;
  *)
    echo "usage: roots.sh build|clean bookworm|trixie|forky [amd64|arm64]" >&2
    exit 2
    ;;
esac
