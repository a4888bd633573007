// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/hung_write.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "base/text.hpp"
#include "core/yaml_value.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kMaxText = 255;
constexpr std::array<std::string_view, 9> kKeys{
    "apiVersion", "kind", "subject", "pid",  "start_ticks",
    "bound_ms",   "path", "value",   "when",
};

// Fields of /proc/PID/stat behind the name, which may have any character in
// it: proc_pid_stat(5) counts the state as field 3.
constexpr std::size_t kState = 0;
constexpr std::size_t kStartTime = 22 - 3;

}  // namespace

std::string to_string(const HungWrite& hung) {
  return fmt::format(
      "process {} has not come back from {} since {}{}", hung.pid,
      hung.path.starts_with("/sys/")
          ? fmt::format("writing '{}' to {}", hung.value, hung.path)
          : fmt::format("{} {}", hung.path, hung.value),
      hung.when, hung.where.empty() ? "" : ", and is in " + hung.where);
}

std::string write_hung_text(const HungWrite& hung) {
  return fmt::format(
      "{{\"apiVersion\": \"nvgpuctl/v1\", \"kind\": \"HungWrite\",\n"
      " \"subject\": {}, \"pid\": \"{}\", \"start_ticks\": \"{}\",\n"
      " \"bound_ms\": \"{}\", \"path\": {}, \"value\": {}, \"when\": {}}}\n",
      json_quoted(hung.subject), hung.pid, hung.start_ticks, hung.bound_ms,
      json_quoted(hung.path), json_quoted(hung.value), json_quoted(hung.when));
}

Result<HungWrite> parse_hung(std::string_view text, const std::string& name) {
  const auto value = parse_yaml(text, name);
  if (!value) {
    return forward_error(value);
  }
  const YamlReader reader(name);
  auto map = reader.expect_map(*value, "the record", kKeys, kKeys);
  if (!map) {
    return forward_error(map);
  }
  std::array<std::string, kKeys.size()> read;
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    auto one = reader.text(*value->find(kKeys.at(i)), kKeys.at(i), kMaxText);
    if (!one) {
      return forward_error(one);
    }
    read.at(i) = std::move(*one);
  }
  const auto pid = parse_unsigned(read[3]);
  const auto start = parse_unsigned(read[4]);
  const auto bound = parse_unsigned(read[5]);
  if (read[0] != "nvgpuctl/v1" || read[1] != "HungWrite" || !pid || !start ||
      !bound) {
    return reader.fail_at(value->place, "is no record of this version");
  }
  return HungWrite{std::move(read[2]),
                   *pid,
                   *start,
                   std::move(read[6]),
                   std::move(read[7]),
                   std::move(read[8]),
                   *bound,
                   false,
                   ""};
}

Result<ProcessStat> parse_process_stat(std::string_view text,
                                       const std::string& name) {
  const auto name_end = text.rfind(')');
  const auto fields = name_end == std::string_view::npos
                          ? std::vector<std::string_view>()
                          : split(trim(text.substr(name_end + 1)), ' ');
  const auto start = fields.size() > kStartTime
                         ? parse_unsigned(fields[kStartTime])
                         : std::nullopt;
  if (!start) {
    return fail(Errc::malformed, name, "is not what proc_pid_stat(5) says");
  }
  return ProcessStat{fields[kState] == "Z" || fields[kState] == "X", *start};
}

}  // namespace nvgpuctl
