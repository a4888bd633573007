#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the device table devices.yaml as C++.

    compile_devices.py DEVICES.YAML OUTPUT.CPP

It trusts its input. Whether that is right is looked at by a unit test, which
reads devices.yaml as an operator's file would be read and compares.
"""

import json
import sys

import yaml


def device_id(text):
    vendor, device = text.split(":")
    assert vendor == "10de", text
    return f"0x{device}"


def string(text):
    return json.dumps(text)  # C++ has JSON's escapes


def family(entry):
    return f"Family::{entry['family']}"


def model(entry):
    boards = ", ".join(f"{{{device_id(board['id'])}, {string(board['name'])}}}"
                       for board in entry.get("boards", []))
    nodes = (f", .gi_nodes = {entry['giNodes']}" if "giNodes" in entry else "")
    return (f"{{.device_id = {device_id(entry['id'])}, "
            f".name = {string(entry['name'])}, .family = {family(entry)}, "
            f".boards = {{{boards}}}{nodes}}}")


def self_hosted(entry):
    return (f"{{{device_id(entry['first'])}, {device_id(entry['last'])}, "
            f"{family(entry)}}}")


def exclusion(entry):
    return f"{{{device_id(entry['id'])}, {string(entry['reason'])}}}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        table = yaml.safe_load(file)
    lists = ",\n".join(
        f"      .{member} = {{{', '.join(map(write, table[key]))}}}"
        for member, key, write in (("models", "models", model),
                                   ("self_hosted", "selfHosted", self_hosted),
                                   ("exclusions", "exclusions", exclusion)))
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(f"""// Generated from devices.yaml by compile_devices.py.
#include "core/device_table.hpp"

namespace nvgpuctl {{

DeviceTable::Entries shipped_devices() {{
  return {{
{lists}}};
}}

}}  // namespace nvgpuctl
""")


if __name__ == "__main__":
    main()
