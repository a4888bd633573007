// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "core/journal.hpp"
#include "core/yaml_value.hpp"

// JSON is read by the YAML reader, which is strict and says where it stumbles.

namespace nvgpuctl {
namespace {

using std::string_view;

constexpr std::size_t kMaxJournalGpus =
    32;  // keeps a journal below YAML's limit
constexpr std::size_t kMaxJournalText = 255;

class RecordReader {
 public:
  explicit RecordReader(const std::string& name) : reader_(name) {}

  Result<Journal> journal(const YamlValue& value) const;
  Result<OriginRecord> origin_file(const YamlValue& value) const;

 private:
  // Each of these puts what it read into `into`.
  Result<> text(const YamlValue& map, string_view key, std::string& into) const;
  Result<> optional_text(const YamlValue& map, string_view key,
                         std::optional<std::string>& into) const;
  Result<> driver_name(const YamlValue& map, string_view key,
                       std::optional<std::string>& into) const;
  Result<> truth(const YamlValue& map, string_view key, bool& into) const;
  Result<> address(const YamlValue& map, PciAddress& into) const;
  Result<> drivers(const YamlValue& map, DriverState& into) const;
  Result<> signature(const YamlValue& map, Signature& into) const;
  Result<> units(const YamlValue& list, std::vector<std::string>& into) const;
  Result<> blocks(const YamlValue& map, string_view key,
                  std::vector<unsigned>& into) const;
  Result<> stopped(const YamlValue* map, Quiet& into) const;
  Result<> origin(const YamlValue& map, OriginRecord& into) const;
  Result<> state(const YamlValue& map, PciAddress gpu,
                 JournalState& into) const;
  Result<> gpu(const YamlValue& map, JournalGpu& into) const;
  Result<> header(const YamlValue& map, string_view kind) const;
  // A map with exactly these keys.
  Result<> exactly(const YamlValue& map, string_view what,
                   std::span<const string_view> keys) const {
    return reader_.expect_map(map, what, keys, keys);
  }

  YamlReader reader_;
};

// The first error of calls made one after the other.
template <class... Calls>
Result<> in_turn(Calls&&... calls) {
  Result<> result;
  (void)((result = calls()).has_value() && ...);
  return result;
}

Result<> RecordReader::text(const YamlValue& map, string_view key,
                            std::string& into) const {
  const auto& value = *map.find(key);
  if (value.kind != YamlValue::Kind::scalar || !value.quoted ||
      value.text.empty() || value.text.size() > kMaxJournalText ||
      !is_printable(value.text, Letters::any)) {
    return reader_.fail_at(value.place,
                           fmt::format("\"{}\" must be text of 1 to {} "
                                       "printable bytes",
                                       key, kMaxJournalText));
  }
  into = value.text;
  return {};
}

Result<> RecordReader::optional_text(const YamlValue& map, string_view key,
                                     std::optional<std::string>& into) const {
  into.reset();
  if (map.find(key)->kind == YamlValue::Kind::null) {
    return {};
  }
  return text(map, key, into.emplace());
}

// It is going to be written to the kernel and given to modprobe.
Result<> RecordReader::driver_name(const YamlValue& map, string_view key,
                                   std::optional<std::string>& into) const {
  auto read = optional_text(map, key, into);
  if (read && into && !is_driver_name(*into)) {
    return reader_.fail_at(
        map.find(key)->place,
        fmt::format("\"{}\" is not the name of a driver", key));
  }
  return read;
}

Result<> RecordReader::truth(const YamlValue& map, string_view key,
                             bool& into) const {
  constexpr std::array<string_view, 2> kWords{"false", "true"};
  const auto word = reader_.word(*map.find(key), key, kWords);
  if (!word) {
    return forward_error(word);
  }
  into = *word == 1;
  return {};
}

Result<> RecordReader::address(const YamlValue& map, PciAddress& into) const {
  std::string name;
  auto read = text(map, "address", name);
  if (!read) {
    return read;
  }
  const auto parsed = parse_pci_address(name);
  // Only the kernel's own spelling, which is what we write.
  if (!parsed || to_string(*parsed) != name) {
    return reader_.fail_at(map.find("address")->place,
                           "\"address\" is not a PCI address");
  }
  into = *parsed;
  return {};
}

Result<> RecordReader::drivers(const YamlValue& map, DriverState& into) const {
  std::optional<std::string> driver;
  auto read = in_turn([&] { return driver_name(map, "driver", driver); },
                      // The kernel takes any text, and whoever wrote it gets
                      // it back.
                      [&] {
                        return optional_text(map, "driver_override",
                                             into.driver_override);
                      });
  into.driver = driver.value_or("");
  return read;
}

Result<> RecordReader::signature(const YamlValue& map, Signature& into) const {
  return in_turn([&] { return text(map, "boot_id", into.boot_id); },
                 [&] { return text(map, "who", into.who); },
                 [&] { return text(map, "when", into.when); });
}

// They are going to be given to systemctl.
Result<> RecordReader::units(const YamlValue& list,
                             std::vector<std::string>& into) const {
  auto read = reader_.expect_sequence(list, "\"units\"");
  if (!read) {
    return read;
  }
  for (const auto& item : list.items) {
    if (item.kind != YamlValue::Kind::scalar || !is_unit_name(item.text) ||
        into.size() >= kMaxQuietUnits) {
      return reader_.fail_at(item.place,
                             fmt::format("must be the name of a service, and "
                                         "one of {} at most",
                                         kMaxQuietUnits));
    }
    into.push_back(item.text);
  }
  return {};
}

Result<> RecordReader::blocks(const YamlValue& map, string_view key,
                              std::vector<unsigned>& into) const {
  const auto& value = *map.find(key);
  auto ids = value.kind == YamlValue::Kind::scalar && value.quoted
                 ? parse_id_list(value.text, kMaxMemoryBlock)
                 : std::nullopt;
  if (!ids) {
    return reader_.fail_at(value.place,
                           fmt::format("\"{}\" is not a list of numbers", key));
  }
  into = std::move(*ids);
  return {};
}

Result<> RecordReader::stopped(const YamlValue* map, Quiet& into) const {
  constexpr std::array<string_view, 3> kKeys{"units", "movable_blocks",
                                             "other_blocks"};
  if (map == nullptr) {
    return {};
  }
  return in_turn(
      [&] { return exactly(*map, "what was stopped", kKeys); },
      [&] { return units(*map->find("units"), into.units); },
      [&] { return blocks(*map, "movable_blocks", into.memory.movable); },
      [&] { return blocks(*map, "other_blocks", into.memory.other); });
}

Result<> RecordReader::origin(const YamlValue& map, OriginRecord& into) const {
  constexpr std::array<string_view, 9> kKeys{
      "address", "driver", "driver_override",  "boot_id", "who",
      "when",    "domain", "bound_for_domain", "stopped"};
  // "stopped" is there only where something was.
  const std::span<const string_view> required(kKeys.data(), kKeys.size() - 1);
  return in_turn(
      [&] { return reader_.expect_map(map, "an origin", kKeys, required); },
      [&] { return address(map, into.gpu); },
      [&] { return drivers(map, into.state); },
      [&] { return signature(map, into.signature); },
      [&] { return optional_text(map, "domain", into.domain); },
      [&] { return truth(map, "bound_for_domain", into.bound_for_domain); },
      [&] { return stopped(map.find("stopped"), into.quiet); });
}

Result<> RecordReader::state(const YamlValue& map, PciAddress gpu,
                             JournalState& into) const {
  constexpr std::array<string_view, 4> kKeys{"driver", "driver_override",
                                             "kernel_chooses", "origin"};
  auto read = in_turn(
      [&] { return exactly(map, "a state", kKeys); },
      [&] { return drivers(map, into.state); },
      [&] { return truth(map, "kernel_chooses", into.kernel_chooses); });
  const auto* record = read ? map.find("origin") : nullptr;
  if (record == nullptr || record->kind == YamlValue::Kind::null) {
    return read;
  }
  read = origin(*record, into.origin.emplace());
  if (read && into.origin->gpu != gpu) {
    return reader_.fail_at(record->place, "is the origin of another GPU");
  }
  return read;
}

Result<> RecordReader::gpu(const YamlValue& map, JournalGpu& into) const {
  constexpr std::array<string_view, 3> kKeys{"address", "before", "after"};
  auto read =
      in_turn([&] { return exactly(map, "a GPU", kKeys); },
              [&] { return address(map, into.gpu); },
              [&] { return state(*map.find("before"), into.gpu, into.before); },
              [&] { return state(*map.find("after"), into.gpu, into.after); });
  if (read && into.before.kernel_chooses) {
    return reader_.fail_at(map.find("before")->place,
                           "nobody chooses what was before");
  }
  return read;
}

Result<> RecordReader::header(const YamlValue& map, string_view kind) const {
  const std::array<string_view, 1> version{"nvgpuctl/v1"};
  const std::array<string_view, 1> kinds{kind};
  const auto first =
      reader_.word(*map.find("apiVersion"), "apiVersion", version);
  if (!first) {
    return forward_error(first);
  }
  const auto second = reader_.word(*map.find("kind"), "kind", kinds);
  return second ? Result<>() : Result<>(forward_error(second));
}

Result<Journal> RecordReader::journal(const YamlValue& value) const {
  constexpr std::array<string_view, 8> kKeys{
      "apiVersion", "kind", "verb", "phase", "boot_id", "who", "when", "gpus"};
  constexpr std::array<string_view, 2> kPhases{"apply", "undo"};
  Journal journal;
  auto read = in_turn(
      [&] { return exactly(value, "a journal", kKeys); },
      [&] { return header(value, "Journal"); },
      [&] { return text(value, "verb", journal.verb); },
      [&] { return signature(value, journal.signature); },
      [&] { return reader_.expect_sequence(*value.find("gpus"), "\"gpus\""); });
  if (!read) {
    return forward_error(read);
  }
  const auto phase = reader_.word(*value.find("phase"), "phase", kPhases);
  if (!phase) {
    return forward_error(phase);
  }
  journal.phase = *phase == 0 ? JournalPhase::apply : JournalPhase::undo;
  const auto& gpus = *value.find("gpus");
  if (gpus.items.empty() || gpus.items.size() > kMaxJournalGpus) {
    return reader_.fail_at(
        gpus.place, fmt::format("there must be 1 to {} GPUs", kMaxJournalGpus));
  }
  for (const auto& item : gpus.items) {
    auto one = gpu(item, journal.gpus.emplace_back());
    const auto& last = journal.gpus.back();
    if (one && std::count_if(journal.gpus.begin(), journal.gpus.end(),
                             [&](const JournalGpu& other) {
                               return other.gpu == last.gpu;
                             }) > 1) {
      return reader_.fail_at(item.place, "this GPU is there twice");
    }
    if (!one) {
      return forward_error(one);
    }
  }
  return journal;
}

Result<OriginRecord> RecordReader::origin_file(const YamlValue& value) const {
  constexpr std::array<string_view, 3> kKeys{"apiVersion", "kind", "origin"};
  OriginRecord record;
  auto read = in_turn([&] { return exactly(value, "the record", kKeys); },
                      [&] { return header(value, "Origin"); },
                      [&] { return origin(*value.find("origin"), record); });
  if (!read) {
    return forward_error(read);
  }
  return record;
}

}  // namespace

Result<Journal> parse_journal(std::string_view text, const std::string& name) {
  const auto value = parse_yaml(text, name);
  if (!value) {
    return forward_error(value);
  }
  return RecordReader(name).journal(*value);
}

Result<OriginRecord> parse_origin(std::string_view text,
                                  const std::string& name) {
  const auto value = parse_yaml(text, name);
  if (!value) {
    return forward_error(value);
  }
  return RecordReader(name).origin_file(*value);
}

}  // namespace nvgpuctl
