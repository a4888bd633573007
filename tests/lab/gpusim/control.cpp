// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/control.hpp"

#include <fmt/format.h>
#include <linux/vfio.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "base/text.hpp"

namespace nvgpuctl::gpusim {
namespace {

using Words = std::span<const std::string_view>;

tl::unexpected<Error> misused(std::string usage) {
  return fail(Errc::usage, "command", "usage: " + std::move(usage));
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  return parse_unsigned(text, text.starts_with("0x") ? 16 : 10);
}

// The value of "key=N", when that is what `word` is.
std::optional<std::uint64_t> number_of(std::string_view word,
                                       std::string_view key,
                                       std::uint64_t most) {
  if (!word.starts_with(key) || word.substr(key.size(), 1) != "=") {
    return std::nullopt;
  }
  const auto number = parse_number(word.substr(key.size() + 1));
  return number && *number <= most ? number : std::nullopt;
}

Result<> run_ready(Words words, Gpu& gpu) {
  auto ready = gpu.ready_options();
  for (const auto word : words) {
    if (const auto c2c = number_of(word, "c2c", kMaxRegister)) {
      ready.c2c = static_cast<std::uint32_t>(*c2c);
    } else if (const auto hbm = number_of(word, "hbm", kMaxRegister)) {
      ready.hbm = static_cast<std::uint32_t>(*hbm);
    } else if (const auto ms = number_of(word, "after_ms", kMaxAfterMs)) {
      ready.after = std::chrono::milliseconds(*ms);
    } else if (word == "after_ms=never") {
      ready.after.reset();
    } else {
      return misused("ready [c2c=N] [hbm=N] [after_ms=N|never]");
    }
  }
  gpu.set_ready(ready);
  return {};
}

// One of two words: true for the first.
Result<bool> choose(Words words, std::string_view first,
                    std::string_view second, std::string_view verb) {
  if (words.size() != 1 || (words[0] != first && words[0] != second)) {
    return misused(fmt::format("{} {}|{}", verb, first, second));
  }
  return words[0] == first;
}

Result<> run_config(Words words, Gpu& gpu) {
  const auto dead = choose(words, "dead", "ok", "config");
  if (!dead) {
    return forward_error(dead);
  }
  gpu.set_config_dead(*dead);
  return {};
}

Result<> run_link(Words words, Gpu& gpu, Instant now) {
  const auto up = choose(words, "up", "down", "link");
  if (!up) {
    return forward_error(up);
  }
  gpu.set_link(*up, now);
  return {};
}

Result<> run_dvsec(Words words, Gpu& gpu) {
  const auto fixed = choose(words, "mig_fixed=1", "mig_fixed=0", "dvsec");
  if (!fixed) {
    return forward_error(fixed);
  }
  return gpu.set_mig_erratum_fixed(*fixed);
}

Result<> run_msix(Words words, Gpu& gpu, Interrupts& interrupts) {
  const auto vector = words.size() == 1
                          ? number_of(words[0], "vector", kMsixVectors - 1)
                          : std::nullopt;
  if (!vector) {
    return misused(fmt::format("msix vector=0…{}", kMsixVectors - 1));
  }
  const auto possible = gpu.can_interrupt();
  if (!possible) {
    return forward_error(possible);
  }
  const auto number = static_cast<unsigned>(*vector);
  if (interrupts.signal(VFIO_PCI_MSIX_IRQ_INDEX, number)) {
    gpu.count_interrupt();
  } else {
    gpu.set_pending(number);
  }
  return {};
}

Result<> run_verb(std::string_view verb, Words words, Gpu& gpu,
                  Interrupts& interrupts, Instant now) {
  if (verb == "ready") {
    return run_ready(words, gpu);
  }
  if (verb == "config") {
    return run_config(words, gpu);
  }
  if (verb == "link") {
    return run_link(words, gpu, now);
  }
  if (verb == "dvsec") {
    return run_dvsec(words, gpu);
  }
  if (verb == "msix") {
    return run_msix(words, gpu, interrupts);
  }
  if (verb == "remove" && words.empty()) {
    gpu.remove();
    return {};
  }
  return fail(Errc::usage, "command",
              "known: ready, config, link, remove, dvsec, msix, state");
}

}  // namespace

std::string run_command(std::string_view line, Gpu& gpu, Interrupts& interrupts,
                        Instant now) {
  std::vector<std::string_view> words;
  for (const auto word : split(trim(line), ' ')) {
    if (!word.empty()) {
      words.push_back(word);
    }
  }
  if (words.size() == 1 && words[0] == "state") {
    return gpu.state_json(now);
  }
  const auto verb = words.empty() ? std::string_view{} : words[0];
  const auto rest = Words(words).subspan(words.empty() ? 0 : 1);
  const auto done = run_verb(verb, rest, gpu, interrupts, now);
  return done ? "ok"
              : fmt::format("error: {}: {}", done.error().subject,
                            done.error().problem);
}

}  // namespace nvgpuctl::gpusim
