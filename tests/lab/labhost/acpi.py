# SPDX-License-Identifier: GPL-2.0-or-later
"""The SSDT that gives the GPUs their _DSD, as NVIDIA's firmware does."""

import tempfile
import pathlib

from labhost import store

# The UUID for device properties in a _DSD.
DEVICE_PROPERTIES = "daffd814-6eba-4d8c-8a91-bc9bbf4aa301"


def value(thing):
    return f'"{thing}"' if isinstance(thing, str) else f"{thing:#x}"


def source(scenario):
    """QEMU has made devices for root ports and their functions already."""
    scopes = []
    for gpu in scenario.gpus:
        properties = gpu.properties()
        if not properties:
            continue
        device = f"\\_SB.PCI0.S{gpu.slot << 3:02X}.S00"
        rows = "".join(f'      Package () {{ "{name}", {value(thing)} }},\n'
                       for name, thing in properties.items())
        scopes.append(
            f"  External ({device}, DeviceObj)\n"
            f"  Scope ({device}) {{\n"
            f"    Name (_DSD, Package () {{\n"
            f'      ToUUID ("{DEVICE_PROPERTIES}"), Package () {{\n'
            f"{rows}    }} }})\n  }}\n")
    return ('DefinitionBlock ("", "SSDT", 2, "NVIDIA", "GPUMEM", 1) {\n'
            + "".join(scopes) + "}\n")


def table(scenario):
    with tempfile.TemporaryDirectory() as folder:
        asl = pathlib.Path(folder) / "ssdt.asl"
        asl.write_text(source(scenario), encoding="ascii")
        store.run("iasl", "-p", asl.with_suffix(""), asl)
        return asl.with_suffix(".aml").read_bytes()
