// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "base/text.hpp"
#include "core/yaml_value.hpp"

namespace nvgpuctl::gpusim {
namespace {

using Words = std::span<const std::string_view>;

// VFIO gives each region 1 TiB of file offsets.
constexpr std::uint64_t kMaxBar = kTiB;

Result<std::uint64_t> read_number(const YamlReader& reader,
                                  const YamlValue& value, std::string_view key,
                                  std::uint64_t least, std::uint64_t most) {
  const bool hex = value.text.starts_with("0x");
  const auto number = value.kind == YamlValue::Kind::scalar && !value.quoted
                          ? parse_unsigned(value.text, hex ? 16 : 10)
                          : std::nullopt;
  if (!number || *number < least || *number > most) {
    return reader.fail_at(
        value.place,
        fmt::format("{} must be a number from {} to {:#x}", key, least, most));
  }
  return *number;
}

// Reads the keys of one map into variables, as long as nothing goes wrong.
class MapReader {
 public:
  MapReader(const YamlReader& reader, const YamlValue& map,
            std::string_view what, Words known)
      : reader_(reader),
        map_(map),
        done_(reader.expect_map(map, what, known, {})) {}

  template <class Integer>
  MapReader& number(std::string_view key, Integer& out, std::uint64_t least,
                    std::uint64_t most) {
    const auto* value = find(key);
    if (value == nullptr) {
      return *this;
    }
    const auto number = read_number(reader_, *value, key, least, most);
    if (number) {
      out = static_cast<Integer>(*number);
    } else {
      done_ = forward_error(number);
    }
    return *this;
  }
  MapReader& flag(std::string_view key, bool& out) {
    return word(key, out, {"false", "true"});
  }
  // True for the second word.
  MapReader& word(std::string_view key, bool& out,
                  std::array<std::string_view, 2> words) {
    const auto* value = find(key);
    if (value == nullptr) {
      return *this;
    }
    const auto chosen = reader_.word(*value, key, words);
    if (chosen) {
      out = *chosen == 1;
    } else {
      done_ = forward_error(chosen);
    }
    return *this;
  }
  // A power of two.
  MapReader& size(std::string_view key, std::uint64_t& out,
                  std::uint64_t least) {
    number(key, out, least, kMaxBar);
    if (done_ && !std::has_single_bit(out)) {
      done_ = reader_.fail_at(map_.place,
                              fmt::format("{} must be a power of two", key));
    }
    return *this;
  }
  // The value of `key`; nothing when it is not there, or nothing is read any
  // more.
  const YamlValue* find(std::string_view key) const {
    return done_ ? map_.find(key) : nullptr;
  }
  const Result<>& done() const { return done_; }

 private:
  const YamlReader& reader_;
  const YamlValue& map_;
  Result<> done_;
};

Result<> read_ready(const YamlReader& reader, const YamlValue& value,
                    ReadyOptions& out) {
  static constexpr std::array<std::string_view, 3> kKeys{"c2c", "hbm",
                                                         "after_ms"};
  MapReader map(reader, value, "ready", kKeys);
  map.number("c2c", out.c2c, 0, kMaxRegister)
      .number("hbm", out.hbm, 0, kMaxRegister);
  const auto* after = map.find("after_ms");
  if (after != nullptr && after->text == "never") {
    out.after.reset();
  } else {
    std::uint64_t ms = 0;
    map.number("after_ms", ms, 0, kMaxAfterMs);
    out.after = std::chrono::milliseconds(ms);
  }
  return map.done();
}

Result<> read_bars(const YamlReader& reader, const YamlValue& value,
                   std::array<std::uint64_t, 3>& out) {
  static constexpr std::array<std::string_view, 3> kKeys{"bar0", "bar2",
                                                         "bar4"};
  // The MSI-X table is near the end of BAR0's 16 MiB.
  return MapReader(reader, value, "bars", kKeys)
      .size("bar0", out[0], 16 * kMiB)
      .size("bar2", out[1], kMiB)
      .size("bar4", out[2], kMiB)
      .done();
}

Result<> read_sim(const YamlReader& reader, const YamlValue& value,
                  GpuOptions& out) {
  static constexpr std::array<std::string_view, 8> kKeys{
      "subsystem_id", "mig_erratum_fixed",
      "no_dvsec",     "cxl",
      "soft_reset",   "ready",
      "config",       "bars"};
  bool no_dvsec = false;
  MapReader map(reader, value, "sim", kKeys);
  map.number("subsystem_id", out.subsystem_id, 0, 0xFFFF)
      .flag("mig_erratum_fixed", out.mig_erratum_fixed)
      .flag("no_dvsec", no_dvsec)
      .flag("cxl", out.cxl)
      .flag("soft_reset", out.soft_reset)
      .word("config", out.config_dead, {"ok", "dead"});
  out.dvsec = !no_dvsec;
  if (const auto* ready = map.find("ready")) {
    auto done = read_ready(reader, *ready, out.ready);
    if (!done) {
      return done;
    }
  }
  if (const auto* bars = map.find("bars")) {
    auto done = read_bars(reader, *bars, out.bar_sizes);
    if (!done) {
      return done;
    }
  }
  return map.done();
}

Result<> read_gpu(const YamlReader& reader, const YamlValue& gpu,
                  GpuOptions& out) {
  if (const auto* device_id = gpu.find("device_id")) {
    const auto number = read_number(reader, *device_id, "device_id", 1, 0xFFFE);
    if (!number) {
      return forward_error(number);
    }
    out.device_id = static_cast<std::uint16_t>(*number);
  }
  out.mig_erratum_fixed = is_blackwell(out.device_id);
  const auto* sim = gpu.find("sim");
  return sim == nullptr ? Result<>{} : read_sim(reader, *sim, out);
}

}  // namespace

Result<GpuOptions> parse_scenario(std::string_view yaml,
                                  const std::string& name, std::size_t index) {
  const auto document = parse_yaml(yaml, name);
  if (!document) {
    return forward_error(document);
  }
  const YamlReader reader(name);
  const auto* gpus = document->find("gpus");
  if (gpus == nullptr || gpus->kind != YamlValue::Kind::sequence) {
    return reader.fail_at(document->place, "has no list \"gpus\"");
  }
  if (index >= gpus->items.size()) {
    return reader.fail_at(
        gpus->place, fmt::format("has no GPU number {}: there are {}", index,
                                 gpus->items.size()));
  }
  const auto& gpu = gpus->items[index];
  if (gpu.kind != YamlValue::Kind::map) {
    return reader.fail_at(gpu.place, "a GPU must be a map");
  }
  GpuOptions options;
  const auto done = read_gpu(reader, gpu, options);
  if (!done) {
    return forward_error(done);
  }
  return options;
}

}  // namespace nvgpuctl::gpusim
