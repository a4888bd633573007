// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/device_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "core/yaml_value.hpp"

namespace nvgpuctl {

// Generated from devices.yaml by cmake/compile_devices.py: parsing it at every
// start would take longer than all else that `list` does.
DeviceTable::Entries shipped_devices();

namespace {

constexpr std::array<std::string_view, 2> kFamilies{"hopper", "blackwell"};
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxReason = 256;
// More than four times what any of these GPUs has.
constexpr unsigned kMaxGiNodes = 32;

// Reads one document into lists of its own; the table takes them over when
// all of it was good.
class DocumentReader {
 public:
  explicit DocumentReader(const std::string& name) : reader_(name) {}

  Result<> read(const YamlValue& document);

  DeviceTable::Entries entries;

 private:
  Result<> read_header(const YamlValue& document) const;
  Result<> read_model(const YamlValue& value);
  Result<> read_boards(const YamlValue& list, DeviceModel& model) const;
  Result<> read_range(const YamlValue& value);
  Result<> read_exclusion(const YamlValue& value);
  Result<> read_list(const YamlValue& document, std::string_view key,
                     Result<> (DocumentReader::*read_item)(const YamlValue&));
  Result<std::uint16_t> device_id(const YamlValue& value,
                                  std::string_view what) const;
  Result<> expect_new_id(std::uint16_t id, YamlPlace place) const;
  Result<Family> family(const YamlValue& value) const;

  YamlReader reader_;
};

Result<> DocumentReader::read(const YamlValue& document) {
  auto header = read_header(document);
  if (!header) {
    return header;
  }
  auto done = read_list(document, "models", &DocumentReader::read_model);
  if (done) {
    done = read_list(document, "selfHosted", &DocumentReader::read_range);
  }
  if (done) {
    done = read_list(document, "exclusions", &DocumentReader::read_exclusion);
  }
  return done;
}

Result<> DocumentReader::read_header(const YamlValue& document) const {
  constexpr std::array<std::string_view, 5> kKnown{
      "apiVersion", "kind", "models", "selfHosted", "exclusions"};
  constexpr std::array<std::string_view, 2> kRequired{"apiVersion", "kind"};
  constexpr std::array<std::string_view, 1> kVersion{"nvgpuctl/v1"};
  constexpr std::array<std::string_view, 1> kKind{"DeviceTable"};
  auto map =
      reader_.expect_map(document, "the device table", kKnown, kRequired);
  if (!map) {
    return map;
  }
  auto version =
      reader_.word(*document.find("apiVersion"), "apiVersion", kVersion);
  if (!version) {
    return forward_error(version);
  }
  auto kind = reader_.word(*document.find("kind"), "kind", kKind);
  if (!kind) {
    return forward_error(kind);
  }
  return {};
}

Result<> DocumentReader::read_list(
    const YamlValue& document, std::string_view key,
    Result<> (DocumentReader::*read_item)(const YamlValue&)) {
  const YamlValue* list = document.find(key);
  if (list == nullptr) {
    return {};
  }
  auto sequence = reader_.expect_sequence(*list, key);
  if (!sequence) {
    return sequence;
  }
  for (const auto& item : list->items) {
    auto done = (this->*read_item)(item);
    if (!done) {
      return done;
    }
  }
  return {};
}

Result<> DocumentReader::read_model(const YamlValue& value) {
  constexpr std::array<std::string_view, 5> kKnown{"id", "name", "family",
                                                   "giNodes", "boards"};
  auto map =
      reader_.expect_map(value, "a model", kKnown, std::span(kKnown).first(3));
  if (!map) {
    return map;
  }
  auto id = device_id(*value.find("id"), "id");
  if (!id) {
    return forward_error(id);
  }
  auto fresh = expect_new_id(*id, value.find("id")->place);
  if (!fresh) {
    return fresh;
  }
  auto name = reader_.text(*value.find("name"), "name", kMaxName);
  if (!name) {
    return forward_error(name);
  }
  auto of_family = family(value);
  if (!of_family) {
    return forward_error(of_family);
  }
  DeviceModel model{.device_id = *id, .name = *name, .family = *of_family};
  if (const YamlValue* nodes = value.find("giNodes")) {
    auto count = reader_.number(*nodes, "giNodes", 1, kMaxGiNodes);
    if (!count) {
      return forward_error(count);
    }
    model.gi_nodes = *count;
  }
  if (const YamlValue* boards = value.find("boards")) {
    auto read = read_boards(*boards, model);
    if (!read) {
      return read;
    }
  }
  entries.models.push_back(std::move(model));
  return {};
}

Result<> DocumentReader::read_boards(const YamlValue& list,
                                     DeviceModel& model) const {
  constexpr std::array<std::string_view, 2> kKnown{"id", "name"};
  auto sequence = reader_.expect_sequence(list, "boards");
  if (!sequence) {
    return sequence;
  }
  for (const auto& item : list.items) {
    auto map = reader_.expect_map(item, "a board", kKnown, kKnown);
    if (!map) {
      return map;
    }
    auto id = device_id(*item.find("id"), "id");
    if (!id) {
      return forward_error(id);
    }
    auto name = reader_.text(*item.find("name"), "name", kMaxName);
    if (!name) {
      return forward_error(name);
    }
    model.boards.push_back({*id, *name});
  }
  return {};
}

Result<> DocumentReader::read_range(const YamlValue& value) {
  constexpr std::array<std::string_view, 3> kKnown{"first", "last", "family"};
  auto map = reader_.expect_map(value, "a range", kKnown, kKnown);
  if (!map) {
    return map;
  }
  auto first = device_id(*value.find("first"), "first");
  if (!first) {
    return forward_error(first);
  }
  auto last = device_id(*value.find("last"), "last");
  if (!last) {
    return forward_error(last);
  }
  if (*first > *last) {
    return reader_.fail_at(value.find("last")->place,
                           "the range ends before it begins");
  }
  for (const auto& other : entries.self_hosted) {
    if (*first <= other.last && other.first <= *last) {
      return reader_.fail_at(
          value.place,
          fmt::format("overlaps the range 10de:{:04x} to 10de:{:04x}",
                      other.first, other.last));
    }
  }
  auto of_family = family(value);
  if (!of_family) {
    return forward_error(of_family);
  }
  entries.self_hosted.push_back({*first, *last, *of_family});
  return {};
}

Result<> DocumentReader::read_exclusion(const YamlValue& value) {
  constexpr std::array<std::string_view, 2> kKnown{"id", "reason"};
  auto map = reader_.expect_map(value, "an exclusion", kKnown, kKnown);
  if (!map) {
    return map;
  }
  auto id = device_id(*value.find("id"), "id");
  if (!id) {
    return forward_error(id);
  }
  auto fresh = expect_new_id(*id, value.find("id")->place);
  if (!fresh) {
    return fresh;
  }
  auto reason = reader_.text(*value.find("reason"), "reason", kMaxReason);
  if (!reason) {
    return forward_error(reason);
  }
  entries.exclusions.push_back({*id, *reason});
  return {};
}

// "10de:2342", as `lspci -nn` prints it. A bare 2342 would be a decimal number
// to YAML and another device to us, so there is no other spelling.
Result<std::uint16_t> DocumentReader::device_id(const YamlValue& value,
                                                std::string_view what) const {
  constexpr std::string_view kVendor = "10de:";
  const std::string_view text = value.text;
  const bool form = value.kind == YamlValue::Kind::scalar &&
                    text.size() == kVendor.size() + 4 &&
                    text.starts_with(kVendor) &&
                    text.find_first_of("xX") == std::string_view::npos;
  const auto id =
      form ? parse_unsigned(text.substr(kVendor.size()), 16) : std::nullopt;
  if (!id) {
    return reader_.fail_at(value.place,
                           fmt::format("{} must be a PCI id of NVIDIA", what),
                           "write it as lspci -nn does, \"10de:2342\"");
  }
  return static_cast<std::uint16_t>(*id);
}

Result<> DocumentReader::expect_new_id(std::uint16_t id,
                                       YamlPlace place) const {
  const auto has_id = [id](const auto& entry) { return entry.device_id == id; };
  if (std::any_of(entries.models.begin(), entries.models.end(), has_id) ||
      std::any_of(entries.exclusions.begin(), entries.exclusions.end(),
                  has_id)) {
    return reader_.fail_at(place,
                           fmt::format("10de:{:04x} is given twice", id));
  }
  return {};
}

Result<Family> DocumentReader::family(const YamlValue& value) const {
  auto word = reader_.word(*value.find("family"), "family", kFamilies);
  if (!word) {
    return forward_error(word);
  }
  return *word == 0 ? Family::hopper : Family::blackwell;
}

template <class Entries>
void erase_id(Entries& entries, std::uint16_t id) {
  entries.erase(
      std::remove_if(entries.begin(), entries.end(),
                     [id](const auto& entry) { return entry.device_id == id; }),
      entries.end());
}

}  // namespace

std::string_view to_string(Family family) {
  return kFamilies.at(family == Family::hopper ? 0 : 1);
}

DeviceTable DeviceTable::shipped() {
  DeviceTable table;
  table.entries_ = shipped_devices();
  return table;
}

Result<> DeviceTable::merge(std::string_view yaml, const std::string& name) {
  auto document = parse_yaml(yaml, name);
  if (!document) {
    return forward_error(document);
  }
  DocumentReader reader(name);
  auto read = reader.read(*document);
  if (!read) {
    return read;
  }
  // The later document wins: an id listed here is no longer excluded, one
  // excluded here no longer listed, and its ranges are looked at first.
  auto& [models, self_hosted, exclusions] = reader.entries;
  for (auto& model : models) {
    erase_id(entries_.models, model.device_id);
    erase_id(entries_.exclusions, model.device_id);
    entries_.models.push_back(std::move(model));
  }
  for (auto& exclusion : exclusions) {
    erase_id(entries_.models, exclusion.device_id);
    erase_id(entries_.exclusions, exclusion.device_id);
    entries_.exclusions.push_back(std::move(exclusion));
  }
  entries_.self_hosted.insert(entries_.self_hosted.begin(), self_hosted.begin(),
                              self_hosted.end());
  return {};
}

std::optional<DeviceModel> DeviceTable::find(std::uint16_t device_id,
                                             std::uint16_t subsystem_id) const {
  for (const auto& model : entries_.models) {
    if (model.device_id != device_id) {
      continue;
    }
    DeviceModel found = model;
    for (const auto& board : model.boards) {
      if (board.subsystem_id == subsystem_id) {
        found.name = board.name;
      }
    }
    return found;
  }
  if (exclusion(device_id)) {
    return std::nullopt;
  }
  for (const auto& range : entries_.self_hosted) {
    if (range.first <= device_id && device_id <= range.last) {
      return DeviceModel{.device_id = device_id,
                         .name = "unknown Grace GPU",
                         .family = range.family,
                         .known = false};
    }
  }
  return std::nullopt;
}

std::optional<std::string> DeviceTable::exclusion(
    std::uint16_t device_id) const {
  for (const auto& exclusion : entries_.exclusions) {
    if (exclusion.device_id == device_id) {
      return exclusion.reason;
    }
  }
  return std::nullopt;
}

}  // namespace nvgpuctl
