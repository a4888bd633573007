// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/census.hpp"

// Domains of the libvirt on this machine. As in libvirt_probe, libvirt is
// loaded only in a child process, which has a deadline.

namespace nvgpuctl {

// Whom to ask, and how long to wait; tests ask somebody else.
struct LibvirtService {
  std::string library = "libvirt.so.0";
  std::string uri = "qemu:///system";
  std::chrono::milliseconds deadline{20000};
};

// Passwords in a definition: to be shown without, to be defined again with.
enum class Secrets { leave_out, include };

// What the domain will be when it is started next. `domain` is its name or
// UUID. Errors: not_found, permission, io.
Result<std::string> inactive_xml(const std::string& domain, Secrets secrets,
                                 const LibvirtService& service = {});

struct Definition {
  std::string old_xml;  // as inactive_xml() gave it, with secrets
  std::string new_xml;
  bool validate = true;  // against libvirt's schema
};
// Defines a domain anew and returns it as libvirt then has it. Error (busy)
// when somebody has changed the domain meanwhile.
Result<std::string> define_domain(const Definition& definition,
                                  const LibvirtService& service = {});

// Names of all domains, running or not.
Result<std::vector<std::string>> list_domains(
    const LibvirtService& service = {});

// Domains that run now, with the functions that could be theirs.
Result<std::vector<RunningDomain>> running_domains(
    const LibvirtService& service = {});

}  // namespace nvgpuctl
