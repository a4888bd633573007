// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "host/root_dir.hpp"

// libvirt's own RELAX NG schema of a domain, as installed with libvirt.

namespace nvgpuctl {

constexpr std::string_view kDomainSchema =
    "/usr/share/libvirt/schemas/domain.rng";

// The schema's files, read into memory: domain.rng and those beside it, which
// it includes. Nothing else is read while validating, and never the network.
struct DomainSchema {
  std::string file;                          // for messages
  std::map<std::string, std::string> texts;  // "domain.rng", …
};

// The schema of a host, or the one of an operator's file (its directory is
// read). not_found with a hint when there is none.
Result<DomainSchema> find_domain_schema(const RootDir& root);
Result<DomainSchema> find_domain_schema(const std::string& file);

struct SchemaVerdict {
  enum class Outcome {
    valid,
    invalid,  // `messages` are violations, "line 12: …"
    too_old,  // the schema cannot judge this domain; `messages` say why
  };
  Outcome outcome = Outcome::valid;
  std::vector<std::string> messages;
};

// Checks a whole domain. A domain that uses what a newer libvirt brought is
// not called invalid by an older schema, but not checked. Errors (malformed):
// no XML, or a schema that cannot be used.
Result<SchemaVerdict> validate_domain(const std::string& xml,
                                      const DomainSchema& schema);

}  // namespace nvgpuctl
