// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

namespace nvgpuctl::cli {
namespace {

// schemas/README.md says what this promises.
constexpr std::string_view kApiVersion = "nvgpuctl/v1";

Json with_kind(std::string_view kind, const Json& body) {
  Json document{{"apiVersion", kApiVersion}, {"kind", kind}};
  document.update(body);
  return document;
}

// Host text may be no UTF-8; a document always is.
std::string dump(const Json& document, int indent) {
  return document.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// A block scalar keeps XML readable, but says only "one line break at the end".
bool fits_block_scalar(const std::string& text) {
  const bool starts_plain =
      !text.empty() && text.front() != ' ' && text.front() != '\n';
  const bool ends_once =
      text.size() > 1 && text.back() == '\n' && text[text.size() - 2] != '\n';
  return starts_plain && ends_once;
}

void emit(YAML::Emitter& yaml, const Json& value);

void emit_string(YAML::Emitter& yaml, const std::string& text) {
  // Quoted, because 0009:01:00 or "no" would be a number or a boolean to some
  // readers of YAML.
  if (fits_block_scalar(text)) {
    yaml << YAML::Literal << text.substr(0, text.size() - 1);
  } else {
    yaml << YAML::DoubleQuoted << text;
  }
}

// NOLINTNEXTLINE(misc-no-recursion): see emit().
void emit_object(YAML::Emitter& yaml, const Json& value) {
  if (value.empty()) {
    yaml << YAML::Flow;
  }
  yaml << YAML::BeginMap;
  for (const auto& [key, member] : value.items()) {
    yaml << YAML::Key << key << YAML::Value;
    emit(yaml, member);
  }
  yaml << YAML::EndMap;
}

// NOLINTNEXTLINE(misc-no-recursion): see emit().
void emit_array(YAML::Emitter& yaml, const Json& value) {
  if (value.empty() || value.front().is_number()) {
    yaml << YAML::Flow;
  }
  yaml << YAML::BeginSeq;
  for (const auto& element : value) {
    emit(yaml, element);
  }
  yaml << YAML::EndSeq;
}

// Nesting is that of our own documents, a handful of levels.
// NOLINTNEXTLINE(misc-no-recursion)
void emit(YAML::Emitter& yaml, const Json& value) {
  if (value.is_object()) {
    emit_object(yaml, value);
  } else if (value.is_array()) {
    emit_array(yaml, value);
  } else if (value.is_string()) {
    emit_string(yaml, value.get_ref<const std::string&>());
  } else if (value.is_null()) {
    yaml << YAML::Null;
  } else {
    yaml << value.dump();  // true, false or a number
  }
}

std::string to_yaml(const Json& document) {
  YAML::Emitter yaml;
  // Through JSON text first, so that broken UTF-8 is replaced there.
  emit(yaml, Json::parse(dump(document, -1)));
  return yaml.c_str();
}

}  // namespace

bool wants_document(const Context& context) {
  return context.format != Format::table && context.format != Format::wide;
}

void print_document(Context& context, std::string_view kind, const Json& body) {
  const Json document = with_kind(kind, body);
  if (context.format == Format::yaml) {
    context.out << to_yaml(document) << '\n';
    return;
  }
  context.out << dump(document, context.format == Format::jsonl ? -1 : 2)
              << '\n';
}

void print_list(Context& context, std::string_view item_kind,
                const std::vector<Json>& items) {
  if (context.format == Format::jsonl) {
    for (const auto& item : items) {
      print_document(context, item_kind, item);
    }
    return;
  }
  print_document(context, fmt::format("{}List", item_kind), {{"items", items}});
}

}  // namespace nvgpuctl::cli
