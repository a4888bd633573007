// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/command.hpp"

// Documents for programs: one shape, three spellings (json, jsonl, yaml).

namespace nvgpuctl::cli {

using Json = nlohmann::ordered_json;

// Whether the context asks for a document rather than for text.
bool wants_document(const Context& context);

// {"apiVersion", "kind", …body}.
void print_document(Context& context, std::string_view kind, const Json& body);

// {"apiVersion", "kind": "GpuList", "items": […]} for item kind "Gpu"; with
// jsonl a line of kind "Gpu" for each item. One shape for none, one and many.
void print_list(Context& context, std::string_view item_kind,
                const std::vector<Json>& items);

}  // namespace nvgpuctl::cli
