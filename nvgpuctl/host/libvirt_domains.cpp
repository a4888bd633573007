// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/libvirt_domains.hpp"

namespace nvgpuctl {
namespace {

tl::unexpected<Error> not_yet(const std::string& subject) {
  return fail(Errc::unsupported, subject, "libvirt cannot be asked yet",
              "virsh dumpxml --inactive NAME | nvgpuctl xml lint -");
}

}  // namespace

Result<std::string> inactive_xml(const std::string& domain, Secrets,
                                 const LibvirtService&) {
  return not_yet(domain);
}

Result<std::string> define_domain(const Definition&, const LibvirtService&) {
  return not_yet("domain");
}

Result<std::vector<std::string>> list_domains(const LibvirtService&) {
  return not_yet("libvirt");
}

}  // namespace nvgpuctl
