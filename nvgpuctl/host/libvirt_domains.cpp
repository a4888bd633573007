// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/libvirt_domains.hpp"

namespace nvgpuctl {

Result<std::string> inactive_xml(const std::string& name) {
  return fail(Errc::unsupported, name, "stub");
}
Result<std::vector<std::string>> domain_names() {
  return fail(Errc::unsupported, "libvirt", "stub");
}

}  // namespace nvgpuctl
