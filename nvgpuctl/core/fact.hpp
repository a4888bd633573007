// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

namespace nvgpuctl {

// Where a fact was read. Printed beside the fact, because "firmware says" and
// "we assume" are different things at three in the morning.
enum class Source {
  srat,           // ACPI System Resource Affinity Table
  slit,           // ACPI System Locality Information Table
  dsd,            // ACPI _DSD property of the GPU
  pci_config,     // PCI configuration space
  sysfs,          // /sys
  procfs,         // /proc
  kernel,         // asked of the running kernel (ioctl, uname)
  kernel_config,  // the kernel's build configuration
  libvirt,        // asked of libvirt
  device_table,   // devices.yaml
  option,         // the command line
  capture,        // capture.yaml of a recorded host
  computed,       // follows from other facts by arithmetic
  assumed,        // nobody said so; a documented default
};

std::string_view to_string(Source source);

template <class T>
struct Fact {
  T value{};
  Source source = Source::assumed;

  friend bool operator==(const Fact&, const Fact&) = default;
};

// GCC deduces this by itself for an aggregate; clang 14, with which we lint and
// fuzz, does not.
template <class T>
Fact(T, Source) -> Fact<T>;

}  // namespace nvgpuctl
