// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci_library.hpp"

extern "C" {
#include <pci/pci.h>
}

#include <array>
#include <cstdio>
#include <cstdlib>

namespace nvgpuctl {
namespace {

// libpci builds paths in buffers of 1024 bytes and gives up on longer ones.
constexpr std::size_t kMaxPrefix = 900;

// libpci demands that this never returns. It calls it for lack of memory and
// for failures of scanning, which we do not ask for.
// The attribute is spelled as in libpci's own type of it.
__attribute__((noreturn)) void give_up(char* message, ...) {
  std::fputs("nvgpuctl: libpci: ", stderr);
  std::fputs(message, stderr);
  std::fputc('\n', stderr);
  std::abort();
}

// Warnings say what the return value says too.
void ignore(char* /*message*/, ...) {}

}  // namespace

void PciLibrary::Cleanup::operator()(pci_access* access) const {
  pci_cleanup(access);
}

PciLibrary::PciLibrary(const RootDir& root) {
  if (root.prefix().size() > kMaxPrefix) {
    return;
  }
  access_.reset(pci_alloc());
  access_->method = PCI_ACCESS_SYS_BUS_PCI;
  access_->error = give_up;
  access_->warning = ignore;
  std::string path = root.prefix() + "/sys/bus/pci";
  std::string key = "sysfs.path";
  pci_set_param(access_.get(), key.data(), path.data());
  pci_init(access_.get());
}

Result<std::vector<std::uint8_t>> PciLibrary::read_config(
    const PciAddress& address) {
  const std::string subject = to_string(address);
  if (!access_) {
    return fail(Errc::unsupported, subject,
                "the path of the capture is too long for libpci",
                "move the capture to a shorter path");
  }
  pci_dev* const device =
      pci_get_dev(access_.get(), static_cast<int>(address.domain), address.bus,
                  address.device, address.function);
  // libpci reads all that was asked for or nothing, so ask for less and less:
  // PCI Express, conventional PCI, and what is left to ordinary users.
  constexpr std::array kSizes{4096, 256, 64};
  std::vector<std::uint8_t> bytes;
  for (const int size : kSizes) {
    bytes.resize(static_cast<std::size_t>(size));
    if (pci_read_block(device, 0, bytes.data(), size) != 0) {
      pci_free_dev(device);
      return bytes;
    }
  }
  pci_free_dev(device);
  return fail(Errc::io, subject, "configuration space cannot be read");
}

std::string PciLibrary::device_name(std::uint16_t vendor,
                                    std::uint16_t device) {
  std::array<char, 256> buffer{};
  const char* const name =
      access_
          ? pci_lookup_name(access_.get(), buffer.data(),
                            static_cast<int>(buffer.size()),
                            PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
                            static_cast<int>(vendor), static_cast<int>(device))
          : nullptr;
  return name != nullptr ? name : "";
}

std::string PciLibrary::class_name(std::uint32_t class_code) {
  std::array<char, 256> buffer{};
  const char* const name =
      access_
          ? pci_lookup_name(access_.get(), buffer.data(),
                            static_cast<int>(buffer.size()), PCI_LOOKUP_CLASS,
                            static_cast<int>(class_code >> 8U))
          : nullptr;
  return name != nullptr ? name : "";
}

}  // namespace nvgpuctl
