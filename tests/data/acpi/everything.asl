// SPDX-License-Identifier: GPL-2.0-or-later
// Every kind of declaration that a walk to _DSD has to get past, as a real
// compiler encodes it. The GPU stands last: it is found only if all before it
// was read with the right length.
DefinitionBlock ("", "SSDT", 2, "NVIDIA", "T241x1", 0x00000001)
{
    External (\_SB.PCI9, DeviceObj)
    External (\_SB.HELP, MethodObj)   // declared without an argument count
    External (\_SB.TABL, IntObj)

    Name (SIZE, 0x1000)
    Name (TEXT, "a string")
    Name (DATA, Buffer (SIZE) { 0x5B, 0x82, 0x10 })
    Name (ALLF, Ones)
    Name (LIST, Package () { 1, "two", Package () { SIZE }, Buffer () { 3 } })
    Alias (SIZE, SIZ2)
    Mutex (MUTX, 3)
    Event (EVNT)
    OperationRegion (REG0, SystemMemory, 0xFED00000, 0x100)
    OperationRegion (REG1, SystemMemory, SIZE, SIZ2)
    OperationRegion (REG2, SystemMemory, Add (SIZE, And (SIZ2, 0xFF00)),
                     Subtract (ShiftLeft (1, 12), Or (SIZE, 3)))
    DataTableRegion (REG3, "OEM1", "", "")
    Field (REG0, AnyAcc, NoLock, Preserve)
    {
        Offset (4),
        FLD0, 8,
        AccessAs (ByteAcc, 0),
        FLD1, 24,
        IDX0, 8,
        DAT0, 8,
        BNK0, 8
    }
    IndexField (IDX0, DAT0, ByteAcc, NoLock, Preserve) { FLD2, 8 }
    BankField (REG0, BNK0, 1, ByteAcc, NoLock, Preserve) { FLD3, 8 }
    CreateDWordField (DATA, 0, DWRD)
    CreateField (DATA, 8, 3, BITS)

    Processor (CPU0, 0x01, 0x00000810, 0x06)
    {
        Name (_DSD, Package ()
        {
            ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
            Package () { Package () { "clock", 100 } }
        })
    }
    PowerResource (PWR0, 3, 0x1234) { Method (_STA) { Return (1) } }
    ThermalZone (TZ00) { Name (_TZP, 300) }

    Scope (\_SB)
    {
        Method (FILL, 2, Serialized)
        {
            Local0 = 0
            While (LLess (Local0, Arg0)) { Increment (Local0) }
            Return (Buffer (4) { 0x08, 0x5F, 0x44, 0x53 })
        }
        If (CondRefOf (\_OSI))
        {
            If (LAnd (\_OSI ("Linux"), LEqual (FILL (3, TEXT), 0x1234)))
            {
                Device (MAYB)
                {
                    Name (_HID, "TEST0001")
                    Name (_DSD, Package ()
                    {
                        ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
                        Package () { Package () { "guess", 1 } }
                    })
                }
            }
            Else
            {
                Store (FILL (1, 2), DWRD)
            }
        }
        Acquire (MUTX, 1000)
        Release (MUTX)
        Store (Match (LIST, MEQ, 1, MGT, 2, 0), DWRD)
        \_SB.HELP ()
        Notify (\_SB.PCI9, 0x81)
        Device (RUNS)
        {
            Name (_HID, "TEST0002")
            Method (_DSD)
            {
                Return (Package ()
                {
                    ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
                    Package () { Package () { "guess", 2 } }
                })
            }
        }
    }
    Scope (\_SB.PCI9)
    {
        Device (RP00)
        {
            Name (_ADR, 0)
            Scope (^)
            {
                Device (RES0)
                {
                    Name (_HID, "TEST0003")
                    Name (_DSD, Package ()
                    {
                        ToUUID ("6211e2c0-58a3-4af3-90e1-927a4e0c55a4"),
                        Package () { Package () { "HotPlugSupportInD3", 1 } }
                    })
                }
            }
            Device (GPU0)
            {
                Name (_ADR, 0)
                Name (LICA, 0x03F10000)
                OperationRegion (LIC1, SystemMemory, LICA, 0x1000)
                Field (LIC1, DWordAcc, NoLock, Preserve) { STAT, 32 }
                Method (_RST) { Store (1, STAT) }
                Name (_DSD, Package ()
                {
                    ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
                    Package ()
                    {
                        Package () { "nvidia,gpu-mem-base-pa", 0x420000000000 },
                        Package () { "nvidia,gpu-mem-pxm-start", 8 },
                        Package () { "nvidia,gpu-mem-pxm-count", 8 },
                        Package () { "nvidia,gpu-mem-size", 0x17E4F00000 },
                        Package () { "text", "value" },
                        Package () { "list", Package () { 1, 2 } },
                        Package () { "reference", \_SB.PCI9 }
                    }
                })
            }
        }
    }
}
