#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the exerciser for the simulated host: build.sh OUTPUT. It needs a
# compiler for arm64 and nothing else; CXX names another one than Debian's.
set -eu
here=$(dirname "$(readlink -f "$0")")
output=$(readlink -f "${1:?usage: build.sh OUTPUT}")
cd "$here"
# What belongs to the tests of the exerciser itself stays out.
set --
for source in ./*.cpp; do
  case $source in
    *_test.cpp | ./fake_*) ;;
    *) set -- "$@" "$source" ;;
  esac
done
exec "${CXX:-aarch64-linux-gnu-g++}" -std=c++20 -O2 -g1 -Wall -Wextra -static \
  -pthread -o "$output" "$@"
