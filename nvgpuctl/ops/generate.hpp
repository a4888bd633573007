// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/domain_request.hpp"
#include "core/stack_notes.hpp"
#include "core/version.hpp"
#include "host/root_dir.hpp"
#include "ops/inventory.hpp"

namespace nvgpuctl {

// What the operator asked for. Nothing means: take it from the host.
struct GenerateOptions {
  std::optional<unsigned> vcpus;
  std::optional<std::uint64_t> memory_bytes;  // of the whole guest
  std::optional<Version> libvirt;
  std::optional<Version> qemu;
  std::optional<Profile> profile;
  std::optional<Viommu> viommu;
  std::optional<bool> managed;
  bool whole_domain = false;
  std::string name;            // of the domain; "" for a default
  std::string schema;          // path of domain.rng; "" for the installed one
  std::optional<Stack> stack;  // that writes the domain in the end
};

struct Generated {
  GeneratedDomain domain;
  Profile profile = Profile::native;
  std::string schema_note;  // "validated against …", or why it was not
  bool validated = false;
  std::vector<std::string> notes = {};  // about options.stack
};

std::vector<const Gpu*> gpus_at(const Inventory& inventory,
                                const std::vector<std::size_t>& indices);

// What a host and the operator say of a guest with these GPUs, but for its
// name and size. `more_nodes` are host nodes that the guest uses anyway.
Result<DomainRequest> plan_request(const Inventory& inventory,
                                   const std::vector<const Gpu*>& gpus,
                                   const GenerateOptions& options,
                                   std::vector<unsigned> more_nodes = {});

// What the host's policy says of these GPUs in a guest, where the options do
// not say otherwise. `domain` is the guest's name; "" where nobody has named
// it.
Result<> follow_policy(const RootDir& root, const std::vector<const Gpu*>& gpus,
                       const GenerateOptions& options, std::string_view domain,
                       DomainRequest& request);

// Adds a warning for each GPU that does not work now.
void warn_of_blocked(const std::vector<const Gpu*>& gpus,
                     std::vector<std::string>& warnings);

// The domain or fragment for some GPUs of a host. `gpus` are indices into
// `inventory.gpus`. A result that violates the schema is an error.
Result<Generated> generate(const RootDir& root, const Inventory& inventory,
                           const std::vector<std::size_t>& gpus,
                           const GenerateOptions& options);

}  // namespace nvgpuctl
