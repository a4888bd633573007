// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/yaml_value.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <sstream>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kMaxSize = 64 * kKiB;
constexpr std::size_t kMaxDepth = 8;
// No map of ours has more than a few keys; finding repeated ones in a forged
// file must not cost quadratic time.
constexpr std::size_t kMaxKeys = 256;

std::string subject_at(const std::string& name, YamlPlace place) {
  return place.line == 0
             ? name
             : fmt::format("{}:{}:{}", name, place.line, place.column);
}

YamlPlace place_of(const YAML::Mark& mark) {
  return mark.is_null() ? YamlPlace{}
                        : YamlPlace{mark.line + 1, mark.column + 1};
}

// Thrown through yaml-cpp, which knows no other way to stop it, and caught in
// parse_yaml().
struct Refusal {
  YamlPlace place;
  std::string problem;
};

// Builds our values from yaml-cpp's events. Unlike its Node this sees every
// key, repeated ones too, and can stop the parser before it recurses deeper or
// expands an alias.
class Builder : public YAML::EventHandler {
 public:
  YamlValue take() { return std::move(root_); }
  bool complete() const { return complete_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (complete_) {
      throw Refusal{place_of(mark), "a second document begins here"};
    }
  }
  void OnDocumentEnd() override { complete_ = true; }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    throw Refusal{place_of(mark), "aliases are not supported"};
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(leaf(mark, "?", anchor, YamlValue::Kind::null));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    auto scalar = leaf(mark, tag, anchor, YamlValue::Kind::scalar);
    scalar.text = value;
    scalar.quoted = tag == "!";
    add(std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(leaf(mark, tag, anchor, YamlValue::Kind::sequence));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(leaf(mark, tag, anchor, YamlValue::Kind::map));
  }
  void OnMapEnd() override { close(); }

 private:
  // A collection that is still being filled.
  struct Level {
    YamlValue value;
    std::optional<YamlValue> key;
  };

  static YamlValue leaf(const YAML::Mark& mark, const std::string& tag,
                        YAML::anchor_t anchor, YamlValue::Kind kind) {
    if (anchor != YAML::NullAnchor) {
      throw Refusal{place_of(mark), "anchors are not supported"};
    }
    // "?" is what yaml-cpp calls no tag, "!" a quoted scalar.
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Refusal{place_of(mark), "tags are not supported"};
    }
    YamlValue value;
    value.kind = kind;
    value.place = place_of(mark);
    return value;
  }

  void open(YamlValue value) {
    if (levels_.size() >= kMaxDepth) {
      throw Refusal{value.place,
                    fmt::format("nested more than {} levels deep", kMaxDepth)};
    }
    levels_.push_back({std::move(value), std::nullopt});
  }

  void close() {
    YamlValue value = std::move(levels_.back().value);
    levels_.pop_back();
    add(std::move(value));
  }

  void add(YamlValue value) {
    if (levels_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& level = levels_.back();
    if (level.value.kind == YamlValue::Kind::sequence) {
      level.value.items.push_back(std::move(value));
    } else if (!level.key) {
      check_key(level.value, value);
      level.key = std::move(value);
    } else {
      level.value.entries.push_back(
          {level.key->text, level.key->place, std::move(value)});
      level.key.reset();
    }
  }

  static void check_key(const YamlValue& map, const YamlValue& key) {
    if (key.kind != YamlValue::Kind::scalar) {
      throw Refusal{key.place, "a key must be a word"};
    }
    if (map.entries.size() >= kMaxKeys) {
      throw Refusal{key.place, fmt::format("more than {} keys", kMaxKeys)};
    }
    if (map.find(key.text) != nullptr) {
      throw Refusal{key.place, fmt::format("\"{}\" is given twice", key.text)};
    }
  }

  std::vector<Level> levels_;
  YamlValue root_;
  bool complete_ = false;
};

// The first byte that no YAML text may hold. yaml-cpp takes byte 4 for the end
// of the file and would not look at what stands behind it.
std::optional<std::size_t> find_control_character(std::string_view yaml) {
  const auto* found = std::find_if(yaml.begin(), yaml.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n' &&
           c != '\r';
  });
  return found == yaml.end()
             ? std::nullopt
             : std::optional(static_cast<std::size_t>(found - yaml.begin()));
}

YamlPlace place_of_offset(std::string_view yaml, std::size_t offset) {
  const auto before = yaml.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // 0 without one
  return {static_cast<int>(lines) + 1,
          static_cast<int>(offset - line_start) + 1};
}

Result<YamlValue> build(std::string_view yaml, const std::string& name) {
  std::istringstream stream{std::string(yaml)};
  try {
    YAML::Parser parser(stream);
    Builder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (const Refusal& refusal) {
    return fail(Errc::malformed, subject_at(name, refusal.place),
                refusal.problem);
  } catch (const YAML::Exception& error) {
    return fail(Errc::malformed, subject_at(name, place_of(error.mark)),
                error.msg);
  } catch (const std::exception& error) {
    // yaml-cpp also lets errors of the standard library through.
    return fail(Errc::malformed, name, error.what());
  }
}

// Whether a plain scalar would be something else than text to a YAML 1.1 or
// 1.2 reader.
bool reads_as_text(const YamlValue& value) {
  constexpr std::array<std::string_view, 10> kOther{
      "null", "~", "true", "false", "yes", "no", "on", "off", ".nan", ".inf"};
  if (value.quoted) {
    return true;
  }
  std::string lower = value.text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (std::find(kOther.begin(), kOther.end(), lower) != kOther.end()) {
    return false;
  }
  double number = 0;
  const char* first = lower.data() + (lower.starts_with('+') ? 1 : 0);
  const char* last = lower.data() + lower.size();
  const bool decimal = std::from_chars(first, last, number).ptr == last;
  return !decimal && !(lower.starts_with("0x") && parse_unsigned(lower, 16));
}

std::string_view kind_name(const YamlValue& value) {
  switch (value.kind) {
    case YamlValue::Kind::null:
      return "nothing";
    case YamlValue::Kind::scalar:
      return "a single value";
    case YamlValue::Kind::sequence:
      return "a list";
    case YamlValue::Kind::map:
      break;
  }
  return "a map";
}

bool contains(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string join(std::span<const std::string_view> words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string did_you_mean(std::string_view word,
                         std::span<const std::string_view> candidates) {
  const auto near = closest(word.substr(0, 64), candidates);
  return near ? fmt::format("did you mean \"{}\"?", *near)
              : "known: " + join(candidates);
}

}  // namespace

const YamlValue* YamlValue::find(std::string_view key) const {
  for (const auto& entry : entries) {
    if (entry.key == key) {
      return &entry.value;
    }
  }
  return nullptr;
}

Result<YamlValue> parse_yaml(std::string_view yaml, const std::string& name) {
  if (yaml.size() > kMaxSize) {
    return fail(Errc::malformed, name,
                fmt::format("longer than {}", human_size(kMaxSize)));
  }
  if (const auto offset = find_control_character(yaml)) {
    return fail(Errc::malformed,
                subject_at(name, place_of_offset(yaml, *offset)),
                fmt::format("control character {:#x}",
                            static_cast<unsigned char>(yaml[*offset])));
  }
  return build(yaml, name);
}

Result<> YamlReader::expect_map(
    const YamlValue& value, std::string_view what,
    std::span<const std::string_view> known,
    std::span<const std::string_view> required) const {
  if (value.kind != YamlValue::Kind::map) {
    return fail_at(
        value.place,
        fmt::format("{} must be a map, not {}", what, kind_name(value)),
        "its keys are " + join(known));
  }
  for (const auto& entry : value.entries) {
    if (!contains(known, entry.key)) {
      return fail_at(entry.key_place,
                     fmt::format("unknown key \"{}\" in {}", entry.key, what),
                     did_you_mean(entry.key, known));
    }
  }
  for (const auto key : required) {
    if (value.find(key) == nullptr) {
      return fail_at(value.place, fmt::format("{} lacks \"{}\"", what, key));
    }
  }
  return {};
}

Result<> YamlReader::expect_sequence(const YamlValue& value,
                                     std::string_view what) const {
  if (value.kind != YamlValue::Kind::sequence) {
    return fail_at(value.place, fmt::format("{} must be a list, not {}", what,
                                            kind_name(value)));
  }
  return {};
}

bool is_printable(std::string_view text, Letters letters) {
  const auto last = letters == Letters::ascii ? '~' : 0xFF;
  return std::ranges::all_of(text, [last](unsigned char c) {
    return c >= ' ' && c <= last && c != 0x7F;
  });
}

Result<std::string> YamlReader::text(const YamlValue& value,
                                     std::string_view what, std::size_t limit,
                                     Letters letters) const {
  if (value.kind != YamlValue::Kind::scalar || !reads_as_text(value)) {
    return fail_at(
        value.place, fmt::format("{} must be text", what),
        value.kind == YamlValue::Kind::scalar ? "put it in quotes" : "");
  }
  if (value.text.empty() || value.text.size() > limit) {
    return fail_at(value.place,
                   fmt::format("{} must have 1 to {} characters", what, limit));
  }
  // It will be printed on terminals.
  if (!is_printable(value.text, letters)) {
    return fail_at(value.place,
                   fmt::format("{} holds unprintable characters", what));
  }
  return value.text;
}

Result<unsigned> YamlReader::number(const YamlValue& value,
                                    std::string_view what, unsigned least,
                                    unsigned most) const {
  const auto number = value.kind == YamlValue::Kind::scalar && !value.quoted
                          ? parse_unsigned(value.text)
                          : std::nullopt;
  if (!number || *number < least || *number > most) {
    return fail_at(value.place, fmt::format("{} must be a number from {} to {}",
                                            what, least, most));
  }
  return static_cast<unsigned>(*number);
}

Result<std::size_t> YamlReader::word(
    const YamlValue& value, std::string_view what,
    std::span<const std::string_view> words) const {
  const auto found = std::find(words.begin(), words.end(), value.text);
  if (value.kind != YamlValue::Kind::scalar || found == words.end()) {
    return fail_at(value.place,
                   fmt::format("{} must be one of: {}", what, join(words)),
                   did_you_mean(value.text, words));
  }
  return static_cast<std::size_t>(found - words.begin());
}

tl::unexpected<Error> YamlReader::fail_at(YamlPlace place, std::string problem,
                                          std::string hint) const {
  return fail(Errc::malformed, subject_at(name_, place), std::move(problem),
              std::move(hint));
}

}  // namespace nvgpuctl
