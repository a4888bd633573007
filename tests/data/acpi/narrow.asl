// SPDX-License-Identifier: GPL-2.0-or-later
// A DSDT of revision 1: integers have 32 bits, so Ones is 0xFFFFFFFF.
DefinitionBlock ("", "DSDT", 1, "NVIDIA", "T241x1", 0x00000001)
{
    Scope (\_SB)
    {
        Device (DEV0)
        {
            Name (_HID, "TEST0001")
            Name (_DSD, Package ()
            {
                ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
                Package () { Package () { "ones", Ones } }
            })
        }
    }
}
