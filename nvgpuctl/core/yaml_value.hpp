// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace nvgpuctl {

// A place in a YAML document, counted from 1 as editors do; 0 when unknown.
struct YamlPlace {
  int line = 0;
  int column = 0;
};

struct YamlEntry;

// One value of a configuration file with the place where it stands. This is
// the plain part of YAML: no anchors, no aliases, no tags, one document.
struct YamlValue {
  enum class Kind { null, scalar, sequence, map };

  Kind kind = Kind::null;
  YamlPlace place;
  std::string text;     // scalars
  bool quoted = false;  // scalars: "12" is text, 12 is a number
  std::vector<YamlValue> items;
  std::vector<YamlEntry> entries;  // in order; each key once

  const YamlValue* find(std::string_view key) const;
};

struct YamlEntry {
  std::string key;
  YamlPlace key_place;
  YamlValue value;
};

// Reads one document of at most 64 KiB and eight levels. `name` stands in
// errors, whose subject is "FILE:LINE:COLUMN".
Result<YamlValue> parse_yaml(std::string_view yaml, const std::string& name);

// Which characters a text may have; `any`: of names that libvirt gives.
enum class Letters { ascii, any };
// Whether all of a text could be on a terminal.
bool is_printable(std::string_view text, Letters letters);

// Typed access to a document for the code that gives it a meaning. Each error
// says where, and what was wanted.
class YamlReader {
 public:
  explicit YamlReader(std::string name) : name_(std::move(name)) {}

  // A map whose keys are all among `known`, and that has all `required` ones.
  Result<> expect_map(const YamlValue& value, std::string_view what,
                      std::span<const std::string_view> known,
                      std::span<const std::string_view> required) const;
  Result<> expect_sequence(const YamlValue& value, std::string_view what) const;
  // Printable text of 1 to `limit` bytes.
  Result<std::string> text(const YamlValue& value, std::string_view what,
                           std::size_t limit,
                           Letters letters = Letters::ascii) const;
  Result<unsigned> number(const YamlValue& value, std::string_view what,
                          unsigned least, unsigned most) const;
  // The position in `words` of a word.
  Result<std::size_t> word(const YamlValue& value, std::string_view what,
                           std::span<const std::string_view> words) const;

  tl::unexpected<Error> fail_at(YamlPlace place, std::string problem,
                                std::string hint = {}) const;

 private:
  std::string name_;
};

}  // namespace nvgpuctl
