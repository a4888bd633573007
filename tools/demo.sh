#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The main job on a recorded host, command by command. ./dev demo builds first
# and calls this from the top of the repository.
set -euo pipefail

host=build/hosts/gh200-96g
gpu=0009:01:00.0
domain=build/demo-domain.xml

explain() { printf '\n# %s\n' "$*"; }
# As a reader would type it, with build/ in PATH.
nvgpuctl() {
  printf '$ nvgpuctl --root %s %s\n' "$host" "$*"
  build/nvgpuctl --root "$host" "$@"
}

# The libvirt of Debian 12 does not know generic initiators, so the schema of
# the newest one is fetched, once; the link gives it a short name.
ln -sfn "$(tests/libvirt/roots.sh schemas forky)" build/libvirt-schemas

cat <<'END'

What follows runs on a recorded GH200 host: a directory with the files of such a
machine, made from tests/data/hosts/gh200-96g.yaml. With --root the same commands,
the same code, read that directory instead of "/".
END

explain "Which Grace GPUs are there, and in which state?"
nvgpuctl list

explain "Why can this one be passed through, or why not?"
nvgpuctl explain $gpu

explain "Are firmware, PCI and NUMA right, and how will the memory be split?"
nvgpuctl validate $gpu

explain "What would be written to give it to the variant driver? (Nothing is.)"
nvgpuctl bind --dry-run $gpu

explain "A whole domain around it, with a NUMA node for each generic initiator:"
nvgpuctl xml generate --gpu $gpu --whole-domain \
  --schema build/libvirt-schemas/domain.rng | tee build/demo-output
tail -n +2 build/demo-output >$domain

explain "Does libvirt's own tool accept it, with the schema of the newest libvirt?"
# virt-xml-validate takes the name of a schema below /usr/share/libvirt/schemas
# and nothing else; dots lead it from there to another directory.
# shellcheck disable=SC2016  # printed as one would type it
printf '$ virt-xml-validate %s "../../../..$PWD/build/libvirt-schemas/domain"\n' $domain
virt-xml-validate $domain "../../../..$PWD/build/libvirt-schemas/domain"
