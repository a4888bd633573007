// SPDX-License-Identifier: GPL-2.0-or-later
#include <array>
#include <utility>

#include "core/acpi_dsd.hpp"
#include "core/aml.hpp"
#include "core/aml_dsd.hpp"
#include "core/aml_scopes.hpp"
#include "core/aml_shape.hpp"

namespace nvgpuctl {
namespace {

using aml::Cursor;
using aml::Form;
using aml::NameString;

// Real firmware nests a dozen packages.
constexpr std::size_t kMaxNesting = 64;
// Limits on what a hostile table can make us report.
constexpr std::size_t kMaxDsds = 4096;
constexpr std::size_t kMaxNotes = 64;

constexpr std::uint8_t kDeviceOp = 0x82;  // behind 5B
constexpr std::string_view kDsdName = "_DSD";

constexpr std::array<bool, 256> make_searched() {
  std::array<bool, 256> table{};
  for (const auto opcode :
       {aml::op_extended, aml::op_scope, aml::op_method, aml::op_name}) {
    table[opcode] = true;
  }
  return table;
}
constexpr auto kSearched = make_searched();

constexpr const char* kBadLength =
    "a PkgLength reaches past the enclosing package";
constexpr const char* kBadName = "no valid name where one is due";
constexpr const char* kBadPath =
    "a name leads above the root or too deep below it; skipped";
constexpr const char* kTooDeep = "nested too deep; skipped";
constexpr const char* kTooMany =
    "too many _DSD objects; the rest of the table was not read";
constexpr const char* kNoMoreNotes = "further such places are not listed";
constexpr const char* kCut = "ends in the middle of a term";

enum class Mode {
  follow,  // opcode by opcode
  search,  // after an opcode that could not be followed
};

// A package that we are inside of.
struct Frame {
  std::size_t end = 0;
  aml::Scopes::Node node = 0;
  std::size_t outer_scopes = 0;  // to shrink to when it is left
  bool conditional = false;      // inside If, Else or While
  Mode mode = Mode::follow;
};

// Steps return nothing when all is well, otherwise why AML cannot be followed.
using Problem = const char*;

class Walker {
 public:
  Walker(const AcpiTable& table, std::uint64_t integer_mask)
      : table_(table),
        integer_mask_(integer_mask),
        cursor_(table.body, 0),
        scopes_(table.body) {
    frames_.reserve(kMaxNesting);
  }

  AmlWalk run() {
    frames_.push_back(
        {.end = table_.body.size(), .outer_scopes = scopes_.size()});
    while (!frames_.empty() && result_.dsds.size() < kMaxDsds) {
      if (cursor_.done()) {
        leave();
      } else if (frames_.back().mode == Mode::search) {
        search();
      } else {
        follow();
      }
    }
    if (!frames_.empty()) {
      note(cursor_.at(), kTooMany);
    }
    return std::move(result_);
  }

 private:
  void leave() {
    scopes_.shrink_to(frames_.back().outer_scopes);
    frames_.pop_back();
    if (!frames_.empty()) {
      cursor_ = Cursor(table_.body.first(frames_.back().end), cursor_.at());
    }
  }

  // Steps over the terms that most of AML consists of: constants, operators,
  // names of one segment, and Name objects other than _DSD. Stops at anything
  // else and at anything unsound. Changes no result, only the speed.
  void pass_simple_terms() {
    const Bytes aml = cursor_.bytes();
    std::size_t at = cursor_.at();
    while (at < aml.size()) {
      const aml::Shape shape = aml::kShapes[aml[at]];
      std::size_t size = 1;
      if (shape.form == Form::plain && shape.bytes < aml.size() - at) {
        size += shape.bytes;
      } else if (shape.form == Form::segment && aml::is_segment(aml, at)) {
        size = aml::kSegmentSize;
      } else if (shape.form == Form::name_object &&
                 aml::is_segment(aml, at + 1) &&
                 scopes_.segment(at + 1) != kDsdName) {
        size += aml::kSegmentSize;
      } else {
        break;
      }
      at += size;
    }
    cursor_.move_to(at);
  }

  // One opcode and what belongs to it, or else the beginning of a search.
  void follow() {
    pass_simple_terms();
    if (cursor_.done()) {
      return;
    }
    const std::size_t begin = cursor_.at();
    const std::size_t depth = frames_.size();
    const Problem problem = step(begin);
    if (problem == nullptr) {
      return;
    }
    note(begin, problem);
    frames_[depth - 1].mode = Mode::search;
    cursor_.move_to(begin + 1);
  }

  Problem step(std::size_t begin) {
    const std::uint8_t opcode = *cursor_.byte();
    aml::Shape shape = aml::kShapes[opcode];
    if (shape.form == Form::extended) {
      const auto second = cursor_.byte();
      shape = second ? aml::kExtendedShapes[*second] : aml::Shape{};
    }
    switch (shape.form) {
      case Form::plain:
        return cursor_.skip(shape.bytes) ? nullptr : kCut;
      case Form::text:
        return cursor_.characters() ? nullptr : "a string has no end";
      case Form::segment:
      case Form::name:
        cursor_.move_to(begin);
        return cursor_.name() ? nullptr : kBadName;
      case Form::named:
        return step_named(shape.bytes);
      case Form::alias:
        return step_alias(begin);
      case Form::name_object:
        return step_name_object(begin);
      case Form::closed:
        return step_closed();
      case Form::method:
        return step_method(begin);
      case Form::scope:
        return enter_scope(begin, shape.bytes);
      case Form::branch:
        return enter_branch(begin);
      case Form::acquire:
        return step_acquire(shape.bytes);
      case Form::extended:
      case Form::unknown:
        break;
    }
    return "unknown opcode";
  }

  Problem step_named(std::size_t bytes) {
    if (!cursor_.name()) {
      return kBadName;
    }
    return cursor_.skip(bytes) ? nullptr : kCut;
  }

  Problem step_alias(std::size_t begin) {
    if (!cursor_.name()) {
      return kBadName;
    }
    const auto alias = cursor_.name();
    if (!alias) {
      return kBadName;
    }
    if (is_dsd(*alias)) {
      report(begin, *alias, DsdForm::dynamic,
             "an alias of an object that was not looked up");
    }
    return nullptr;
  }

  Problem step_closed() {
    const auto end = cursor_.package_end();
    if (!end) {
      return kBadLength;
    }
    cursor_.move_to(*end);
    return nullptr;
  }

  Problem step_method(std::size_t begin) {
    const auto end = cursor_.package_end();
    if (!end) {
      return kBadLength;
    }
    Cursor inside = cursor_.within(*end);
    const auto name = inside.name();
    if (!name || name->segments == 0 || !inside.skip(1)) {
      return kBadName;
    }
    if (is_dsd(*name)) {
      report(begin, *name, DsdForm::dynamic,
             "a method, which has a value only when it runs");
    }
    cursor_.move_to(*end);
    return nullptr;
  }

  Problem step_acquire(std::size_t bytes) {
    // The operand is a mutex: a name, a LocalX or an ArgX in all that is sane.
    Cursor next = cursor_;
    const auto opcode = next.byte();
    if (opcode && *opcode >= 0x60 && *opcode <= 0x6E) {
      cursor_ = next;
    } else if (!cursor_.name()) {
      return "an Acquire whose mutex is an expression";
    }
    return cursor_.skip(bytes) ? nullptr : kCut;
  }

  // The value of any other object than _DSD is read as the next opcode.
  Problem step_name_object(std::size_t begin) {
    const auto name = cursor_.name();
    if (!name || name->segments == 0) {
      return kBadName;
    }
    if (!is_dsd(*name)) {
      return nullptr;
    }
    if (frames_.back().conditional) {
      report(begin, *name, DsdForm::dynamic,
             "inside If, Else or While, which are decided when the "
             "firmware runs");
      return nullptr;
    }
    return read_dsd(begin, *name);
  }

  Problem read_dsd(std::size_t begin, const NameString& name) {
    Cursor value = cursor_;
    const auto opcode = value.byte();
    if (!opcode || !aml::is_package(*opcode)) {
      report(begin, name, DsdForm::malformed, "not a package");
      return nullptr;
    }
    const auto end = value.package_end();
    if (!end) {
      report(begin, name, DsdForm::malformed, kBadLength);
      return kBadLength;
    }
    auto package =
        aml::read_dsd_package(value.within(*end), *opcode, integer_mask_);
    if (report(begin, name, package.form, std::move(package.problem))) {
      auto& dsd = result_.dsds.back();
      dsd.properties = std::move(package.properties);
      dsd.left_out = std::move(package.left_out);
    }
    cursor_.move_to(*end);
    return nullptr;
  }

  Problem enter_scope(std::size_t begin, std::size_t bytes) {
    const auto end = cursor_.package_end();
    if (!end) {
      return kBadLength;
    }
    Cursor inside = cursor_.within(*end);
    const auto name = inside.name();
    if (!name || name->is_null() || !inside.skip(bytes)) {
      return kBadName;
    }
    const std::size_t outer_scopes = scopes_.size();
    const auto node =
        scopes_.resolve(frames_.back().node, *name, name->segments);
    if (!node) {
      note(begin, kBadPath);
      cursor_.move_to(*end);
      return nullptr;
    }
    enter(begin, inside,
          {.end = *end,
           .node = *node,
           .outer_scopes = outer_scopes,
           .conditional = frames_.back().conditional});
    return nullptr;
  }

  Problem enter_branch(std::size_t begin) {
    const auto end = cursor_.package_end();
    if (!end) {
      return kBadLength;
    }
    enter(begin, cursor_.within(*end),
          {.end = *end,
           .node = frames_.back().node,
           .outer_scopes = scopes_.size(),
           .conditional = true});
    return nullptr;
  }

  void enter(std::size_t begin, Cursor inside, const Frame& frame) {
    if (frames_.size() < kMaxNesting) {
      frames_.push_back(frame);
      cursor_ = inside;
      return;
    }
    note(begin, kTooDeep);
    scopes_.shrink_to(frame.outer_scopes);
    cursor_.move_to(frame.end);
  }

  // Moves to the next thing that can hardly be anything else: a device, scope
  // or method with a sound length and name, or a _DSD with the right UUID.
  void search() {
    const Bytes aml = cursor_.bytes();
    std::size_t at = cursor_.at();
    while (at < aml.size()) {
      if (kSearched[aml[at]]) {
        cursor_.move_to(at + 1);
        if (search_here(at)) {
          return;
        }
      }
      ++at;
    }
    cursor_.move_to(at);
  }

  // Takes what begins at `begin`, whose opcode the cursor has just passed.
  bool search_here(std::size_t begin) {
    switch (table_.body[begin]) {
      case aml::op_extended:
        return cursor_.byte() == kDeviceOp && enter_scope(begin, 0) == nullptr;
      case aml::op_scope:
        return enter_scope(begin, 0) == nullptr;
      case aml::op_method:
        return step_method(begin) == nullptr;
      case aml::op_name:
        break;
      default:
        return false;
    }
    const auto name = cursor_.name();
    if (!name || !is_dsd(*name)) {
      return false;
    }
    // Looks ahead a few bytes only, so that the search stays linear.
    Cursor value = cursor_;
    const auto opcode = value.byte();
    if (!opcode || !aml::is_package(*opcode)) {
      return false;
    }
    const auto end = value.package_end();
    if (!end ||
        !aml::begins_with_device_properties(value.within(*end), *opcode)) {
      return false;
    }
    cursor_.move_to(begin + 1);
    return step_name_object(begin) == nullptr;
  }

  bool is_dsd(const NameString& name) const {
    return scopes_.last_segment(name) == kDsdName;
  }

  // False when its name leads nowhere.
  bool report(std::size_t begin, const NameString& name, DsdForm form,
              std::string problem) {
    const std::size_t outer_scopes = scopes_.size();
    const auto device =
        scopes_.resolve(frames_.back().node, name, name.segments - 1);
    if (!device) {
      note(begin, kBadPath);
      return false;
    }
    result_.dsds.push_back({.path = scopes_.path(*device),
                            .table = table_.name,
                            .offset = offset(begin),
                            .form = form,
                            .problem = std::move(problem),
                            .properties = {},
                            .left_out = {}});
    scopes_.shrink_to(outer_scopes);
    return true;
  }

  void note(std::size_t at, Problem problem) {
    if (result_.notes.size() <= kMaxNotes) {
      const bool last = result_.notes.size() == kMaxNotes;
      result_.notes.push_back({.table = table_.name,
                               .offset = offset(at),
                               .problem = last ? kNoMoreNotes : problem});
    }
  }

  static std::uint32_t offset(std::size_t at) {
    return static_cast<std::uint32_t>(kAcpiHeaderSize + at);
  }

  const AcpiTable& table_;
  std::uint64_t integer_mask_;
  Cursor cursor_;
  aml::Scopes scopes_;
  std::vector<Frame> frames_;
  AmlWalk result_;
};

}  // namespace

AmlWalk find_dsds(const AcpiTable& table, std::uint8_t dsdt_revision) {
  const std::uint8_t revision =
      table.signature == "DSDT" ? table.revision : dsdt_revision;
  const std::uint64_t mask = revision < 2 ? 0xFFFF'FFFFULL : ~std::uint64_t{0};
  return Walker(table, mask).run();
}

}  // namespace nvgpuctl
