// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/driver_change.hpp"
#include "core/quiet.hpp"

// What is written down before a host is changed, so that whoever comes after a
// crash knows what it was and what it was to be. Both records are JSON.

namespace nvgpuctl {

// When and by whom something was written.
struct Signature {
  std::string boot_id;
  std::string who;   // "root (pid 812), nvgpuctl bind"
  std::string when;  // "2026-01-31T09:30:00Z"

  friend bool operator==(const Signature&, const Signature&) = default;
};

// To where a GPU goes back: what it was when it was bound. It holds for one
// boot of the host only, because drivers are then as the boot left them.
struct OriginRecord {
  PciAddress gpu;
  DriverState state;
  Signature signature;
  // The libvirt domain that the GPU is bound for; nothing for a bind by hand.
  std::optional<std::string> domain;
  // Whether it was bound for that domain, and so goes back with it.
  bool bound_for_domain = false;
  // What was stopped for the GPU and runs again when it goes back.
  Quiet quiet = {};

  friend bool operator==(const OriginRecord&, const OriginRecord&) = default;
};

// One end of a GPU's change.
struct JournalState {
  DriverState state;
  // Of the end of an unbind without a record: any driver but the one before.
  bool kernel_chooses = false;
  std::optional<OriginRecord> origin;  // the record that belongs to it

  friend bool operator==(const JournalState&, const JournalState&) = default;
};

struct JournalGpu {
  PciAddress gpu;
  JournalState before;
  JournalState after;

  friend bool operator==(const JournalGpu&, const JournalGpu&) = default;
};

enum class JournalPhase {
  apply,  // on the way from `before` to `after`
  undo,   // it failed; on the way back
};

struct Journal {
  std::string verb;  // "bind"
  JournalPhase phase = JournalPhase::apply;
  Signature signature;
  std::vector<JournalGpu> gpus;

  friend bool operator==(const Journal&, const Journal&) = default;
};

std::string write_journal_text(const Journal& journal);
std::string write_origin_text(const OriginRecord& origin);

// Strict: a record that this version would not have written is malformed, with
// the place where it is. `name` is the file's.
Result<Journal> parse_journal(std::string_view text, const std::string& name);
Result<OriginRecord> parse_origin(std::string_view text,
                                  const std::string& name);

// Whether a function that is in `now` has arrived at one end of its change.
bool has_arrived(const DriverState& now, const JournalGpu& gpu,
                 JournalPhase direction);

}  // namespace nvgpuctl
