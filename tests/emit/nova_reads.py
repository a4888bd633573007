# SPDX-License-Identifier: GPL-2.0-or-later
"""nova_reads.py CASES: runs where Nova is installed, and prints as JSON what
Nova's own code makes of each configuration file in the JSON list CASES."""
import json
import sys

from nova import objects
import nova.conf
from nova.pci import request, whitelist

objects.register_all()
answers = []
with open(sys.argv[1], encoding="utf-8") as file:
    cases = json.load(file)
for case in cases:
    nova.conf.CONF.reset()
    nova.conf.CONF(["--config-file", case["file"]], project="nova",
                   default_config_files=[], default_config_dirs=[])
    specs = whitelist.Whitelist(nova.conf.CONF.pci.device_spec)
    found = []
    for device in case["devices"]:
        spec = specs.device_assignable(device)
        found.append(spec and spec.get_tags())
    aliases = {}
    for name in request._get_alias_from_config():
        flavor = objects.Flavor(extra_specs={"pci_passthrough:alias": f"{name}:1"})
        (wanted,) = request.get_pci_requests_from_flavor(flavor).requests
        aliases[name] = {"spec": wanted.spec, "numa_policy": wanted.numa_policy, "count": wanted.count}
    answers.append({"assignable": found, "aliases": aliases})
json.dump(answers, sys.stdout)
