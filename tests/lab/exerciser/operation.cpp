// SPDX-License-Identifier: GPL-2.0-or-later
#include "operation.hpp"

#include <cstring>
#include <sstream>

namespace exerciser {
namespace {

class Line {
 public:
  explicit Line(Kind kind) { out_ << kind_name(kind); }
  Line& number(const char* name, std::uint64_t value) {
    out_ << ' ' << name << "=0x" << std::hex << value << std::dec;
    return *this;
  }
  Line& flag(const char* name, bool value) {
    out_ << ' ' << (value ? "" : "no-") << name;
    return *this;
  }
  template <class List>
  Line& list(const char* name, const List& values) {
    out_ << ' ' << name << "=[" << std::hex;
    const char* separator = "";
    for (const auto value : values) {
      out_ << separator << "0x" << static_cast<unsigned>(value);
      separator = ",";
    }
    out_ << std::dec << ']';
    return *this;
  }
  std::string text() const { return out_.str(); }

 private:
  std::ostringstream out_;
};

void describe_memory(Line& line, const Operation& operation) {
  line.number("file", operation.file)
      .number("region", operation.region)
      .number("offset", operation.offset);
  if (!operation.pieces.empty()) {
    line.list("pieces", operation.pieces);
  } else {
    line.number("length", operation.length);
  }
}

void describe_placement(Line& line, const Operation& operation) {
  line.number("alignment", operation.placement.alignment)
      .number("skew", operation.placement.skew);
}

void describe_protection(Line& line, const Operation& operation) {
  line.flag("read", operation.readable).flag("write", operation.writable);
}

void describe_mapping(Line& line, const Operation& operation) {
  line.number("mapping", operation.mapping)
      .number("at", operation.at)
      .number("length", operation.length);
}

}  // namespace

std::string kind_name(Kind kind) {
  return kKindNames.at(static_cast<std::size_t>(kind));
}

std::string show_result(long result) {
  if (result >= 0) {
    return std::to_string(result);
  }
  const char* name = strerrorname_np(static_cast<int>(-result));
  return name != nullptr ? name : std::to_string(result);
}

const char* touch_name(Touch touch) {
  switch (touch) {
    case Touch::done:
      return "done";
    case Touch::bus_error:
      return "SIGBUS";
    case Touch::segmentation_fault:
      return "SIGSEGV";
  }
  return "";
}

std::string describe(const Operation& operation) {
  Line line(operation.kind);
  switch (operation.kind) {
    case Kind::write:
      describe_memory(line, operation);
      line.number("seed", operation.seed);
      break;
    case Kind::read_bad_buffer:
    case Kind::write_bad_buffer:
      describe_memory(line, operation);
      line.number("present", operation.present);
      break;
    case Kind::copy_to_mapping:
    case Kind::copy_from_mapping:
      describe_memory(line, operation);
      line.number("mapping", operation.mapping).number("at", operation.at);
      break;
    case Kind::map:
      describe_memory(line, operation);
      line.number("mapping", operation.mapping)
          .flag("shared", operation.shared);
      describe_protection(line, operation);
      describe_placement(line, operation);
      break;
    case Kind::load:
    case Kind::store:
    case Kind::resize:
    case Kind::dma_map:
    case Kind::unmap:
      describe_mapping(line, operation);
      break;
    case Kind::move:
      describe_mapping(line, operation);
      describe_placement(line, operation);
      break;
    case Kind::protect:
      describe_mapping(line, operation);
      describe_protection(line, operation);
      break;
    case Kind::config_write:
      line.number("file", operation.file)
          .number("offset", operation.offset)
          .list("bytes", operation.bytes);
      break;
    case Kind::power:
    case Kind::low_power:
      line.number("file", operation.file).flag("on", operation.on);
      break;
    case Kind::fork:
    case Kind::open:
    case Kind::close:
    case Kind::reset:
    case Kind::unbind:
      line.number("file", operation.file);
      break;
    case Kind::storm:
    case Kind::storm_with_reset:
    case Kind::storm_with_decode_off:
      line.number("file", operation.file).number("seed", operation.seed);
      break;
    default:
      describe_memory(line, operation);
      break;
  }
  return line.text();
}

}  // namespace exerciser
