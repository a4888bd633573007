// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "host/root_dir.hpp"

namespace nvgpuctl {

// One file below /sys/firmware/acpi/tables.
struct AcpiFile {
  std::string name;  // "SSDT3", "dynamic/SSDT30"
  std::string bytes;
};

struct AcpiFiles {
  std::vector<AcpiFile> files;
  std::vector<std::string> unreadable;  // for lack of privilege
  std::vector<std::string> problems;
};

// DSDT, all SSDTs (also dynamic ones), SRAT and SLIT, undecoded. SSDT numbers
// are arbitrary, so all are read: in the order in which Linux loads them, the
// DSDT first and the dynamic ones last.
AcpiFiles read_acpi_files(const RootDir& root);

}  // namespace nvgpuctl
