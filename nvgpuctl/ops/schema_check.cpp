// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/schema_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace nvgpuctl {

Result<std::optional<DomainSchema>> choose_schema(const RootDir& root,
                                                  const std::string& option) {
  auto schema =
      option.empty() ? find_domain_schema(root) : find_domain_schema(option);
  if (schema) {
    return std::optional(std::move(*schema));
  }
  if (option.empty() && schema.error().code == Errc::not_found) {
    return std::optional<DomainSchema>();
  }
  return forward_error(schema);
}

Result<SchemaCheck> check_schema(const RootDir& root, const std::string& option,
                                 const std::string& xml) {
  const auto chosen = choose_schema(root, option);
  if (!chosen) {
    return forward_error(chosen);
  }
  const auto& schema = *chosen;
  if (!schema) {
    return SchemaCheck{.validated = false,
                       .note =
                           "not validated: there is no libvirt schema on "
                           "this host; --schema FILE names one",
                       .violations = {},
                       .file = {}};
  }
  const auto verdict = validate_domain(xml, *schema);
  if (!verdict) {
    return forward_error(verdict);
  }
  SchemaCheck check;
  check.file = schema->file;
  const std::string messages =
      fmt::format("{}", fmt::join(verdict->messages, "; "));
  switch (verdict->outcome) {
    case SchemaVerdict::Outcome::valid:
      check.validated = true;
      check.note = "valid by " + schema->file;
      break;
    case SchemaVerdict::Outcome::too_old:
      check.note =
          fmt::format("not validated by {}: {}", schema->file, messages);
      break;
    case SchemaVerdict::Outcome::invalid:
      check.violations = messages;
      break;
  }
  return check;
}

}  // namespace nvgpuctl
