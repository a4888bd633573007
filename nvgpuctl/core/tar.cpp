// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/tar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

// Fields of a header, as POSIX (pax, "ustar Interchange Format") has them.
struct Field {
  std::size_t offset;
  std::size_t size;
};
constexpr Field kName{0, 100};
constexpr Field kMode{100, 8};
constexpr Field kUid{108, 8};
constexpr Field kGid{116, 8};
constexpr Field kSize{124, 12};
constexpr Field kTime{136, 12};
constexpr Field kChecksum{148, 8};
constexpr std::size_t kType = 156;
constexpr Field kTarget{157, 100};
constexpr Field kMagic{257, 8};
constexpr Field kPrefix{345, 155};
constexpr std::size_t kBlock = 512;

// GNU: the name, or the link's target, of the entry that follows.
constexpr char kLongName = 'L';
constexpr char kLongTarget = 'K';
constexpr std::string_view kGnuMagic{"ustar  \0", 8};
constexpr std::string_view kPosixMagic{"ustar\00000", 8};

constexpr std::size_t kMaxPath = 1024;
constexpr std::size_t kMaxEntries = 100'000;

std::string_view field_text(std::string_view header, Field field) {
  const auto text = header.substr(field.offset, field.size);
  return text.substr(0, text.find('\0'));
}

std::optional<std::uint64_t> octal(std::string_view header, Field field) {
  return parse_unsigned(trim(field_text(header, field)), 8);
}

// The sum of all bytes, its own field counted as blanks.
unsigned checksum(std::string_view header) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kChecksum.offset && i < kChecksum.offset + 8;
    sum += own ? ' ' : static_cast<unsigned char>(header[i]);
  }
  return sum;
}

std::size_t padded(std::size_t size) {
  return (size + kBlock - 1) / kBlock * kBlock;
}

void put(std::string& header, Field field, std::string_view text) {
  header.replace(field.offset, std::min(text.size(), field.size),
                 text.substr(0, field.size));
}

void append_entry(std::string& out, std::string_view name, char type,
                  std::string_view target, std::string_view data) {
  std::string header(kBlock, '\0');
  put(header, kName, name);
  put(header, kMode, type == '5' ? "0000755" : "0000644");
  put(header, kUid, "0000000");
  put(header, kGid, "0000000");
  put(header, kSize, fmt::format("{:011o}", data.size()));
  put(header, kTime, "00000000000");
  header[kType] = type;
  put(header, kTarget, target);
  put(header, kMagic, kGnuMagic);
  put(header, kChecksum, fmt::format("{:06o}", checksum(header)));
  header[kChecksum.offset + 7] = ' ';
  out += header;
  out += data;
  out.append(padded(data.size()) - data.size(), '\0');
}

void append_long(std::string& out, char type, const std::string& text) {
  if (text.size() > kName.size) {
    append_entry(out, "././@LongLink", type, "",
                 std::string_view(text.c_str(), text.size() + 1));
  }
}

// "./sys/bus/" is "sys/bus".
std::string_view plain_path(std::string_view path) {
  while (path.starts_with("./")) {
    path.remove_prefix(2);
  }
  while (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  return path;
}

std::string problem_of_path(std::string_view path) {
  if (path.empty() || path.size() > kMaxPath) {
    return "has no name, or one that is too long";
  }
  if (path.front() == '/') {
    return "is an absolute path";
  }
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return "has a control character in its name";
    }
  }
  for (const auto piece : split(path, '/')) {
    if (piece.empty() || piece == "." || piece == "..") {
      return "has '.', '..' or an empty name on its way";
    }
  }
  return "";
}

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& name)
      : bytes_(bytes), name_(name) {}

  Result<std::vector<TarEntry>> read() {
    for (;;) {
      if (bytes_.size() - at_ < kBlock) {
        return refuse("the archive ends without its end mark");
      }
      const auto header = bytes_.substr(at_, kBlock);
      if (header.find_first_not_of('\0') == std::string_view::npos) {
        return finish();
      }
      if (entries_.size() >= kMaxEntries) {
        return refuse(fmt::format("more than {} entries", kMaxEntries));
      }
      auto taken = take(header);
      if (!taken) {
        return forward_error(taken);
      }
    }
  }

 private:
  tl::unexpected<Error> refuse(std::string_view problem) const {
    return fail(Errc::malformed, fmt::format("{}, byte {}", name_, at_),
                std::string(problem),
                "a report is what 'nvgpuctl report' has written");
  }

  Result<> take(std::string_view header) {
    const auto magic = header.substr(kMagic.offset, kMagic.size);
    const auto sum = octal(header, kChecksum);
    if ((magic != kGnuMagic && magic != kPosixMagic) || !sum ||
        *sum != checksum(header)) {
      return refuse("no header of a tar archive");
    }
    const auto size = octal(header, kSize);
    if (!size || *size > bytes_.size() - at_ - kBlock ||
        padded(*size) > bytes_.size() - at_ - kBlock) {
      return refuse("an entry says it is longer than the archive");
    }
    const auto data = bytes_.substr(at_ + kBlock, *size);
    const char type = header[kType];
    if (type == kLongName || type == kLongTarget) {
      if (*size > kMaxPath + 1) {
        return refuse("a name is too long");
      }
      (type == kLongName ? long_name_ : long_target_) =
          std::string(data.substr(0, data.find('\0')));
    } else {
      auto added = add(header, type, data);
      if (!added) {
        return added;
      }
      long_name_.reset();
      long_target_.reset();
    }
    at_ += kBlock + padded(*size);
    return {};
  }

  std::string name_of(std::string_view header) const {
    std::string name(field_text(header, kName));
    const auto prefix = field_text(header, kPrefix);
    const bool posix = header.substr(kMagic.offset, 8) == kPosixMagic;
    if (posix && !prefix.empty()) {
      name = fmt::format("{}/{}", prefix, name);
    }
    return long_name_.value_or(name);
  }

  Result<> add(std::string_view header, char type, std::string_view data) {
    const std::string given = name_of(header);
    if (type == '5' && (given == "." || given == "./")) {
      return {};  // what `tar c .` begins with
    }
    TarEntry entry{.path = std::string(plain_path(given)),
                   .kind = TarEntry::Kind::file,
                   .content = {}};
    const auto problem = problem_of_path(entry.path);
    if (!problem.empty()) {
      return refuse(fmt::format("'{}' {}", entry.path, problem));
    }
    if (type == '5') {
      entry.kind = TarEntry::Kind::directory;
    } else if (type == '2') {
      entry.kind = TarEntry::Kind::link;
      entry.content =
          long_target_.value_or(std::string(field_text(header, kTarget)));
      if (!link_stays_inside(entry.path, entry.content)) {
        return refuse(fmt::format("link '{}' leads out of the archive: '{}'",
                                  entry.path, entry.content));
      }
    } else if (type == '0' || type == '\0') {
      entry.content = std::string(data);
    } else {
      return refuse(fmt::format(
          "'{}' is neither file, directory nor symbolic link", entry.path));
    }
    if (!kinds_.emplace(entry.path, entry.kind).second) {
      return refuse(fmt::format("'{}' is there twice", entry.path));
    }
    entries_.push_back(std::move(entry));
    return {};
  }

  // A path below a file or a link would be written somewhere else.
  Result<std::vector<TarEntry>> finish() {
    for (const auto& entry : entries_) {
      for (auto slash = entry.path.rfind('/'); slash != std::string::npos;
           slash = slash == 0 ? std::string::npos
                              : entry.path.rfind('/', slash - 1)) {
        const auto above = kinds_.find(entry.path.substr(0, slash));
        if (above != kinds_.end() &&
            above->second != TarEntry::Kind::directory) {
          return refuse(
              fmt::format("'{}' lies below '{}', which is no directory",
                          entry.path, above->first));
        }
      }
    }
    return std::move(entries_);
  }

  std::string_view bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
  std::optional<std::string> long_name_;
  std::optional<std::string> long_target_;
  std::map<std::string, TarEntry::Kind> kinds_;
  std::vector<TarEntry> entries_;
};

}  // namespace

bool link_stays_inside(std::string_view path, std::string_view target) {
  if (target.empty() || target.size() > kMaxPath || target.front() == '/') {
    return false;
  }
  auto depth = std::count(path.begin(), path.end(), '/');
  for (const auto piece : split(target, '/')) {
    if (piece == "..") {
      --depth;
    } else if (!piece.empty() && piece != ".") {
      ++depth;
    }
    if (depth < 0) {
      return false;
    }
  }
  return std::all_of(target.begin(), target.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
  });
}

std::string write_tar(const std::vector<TarEntry>& entries) {
  std::string out;
  for (const auto& entry : entries) {
    const bool link = entry.kind == TarEntry::Kind::link;
    append_long(out, kLongName, entry.path);
    if (link) {
      append_long(out, kLongTarget, entry.content);
      append_entry(out, entry.path, '2', entry.content, "");
    } else if (entry.kind == TarEntry::Kind::directory) {
      append_entry(out, entry.path, '5', "", "");
    } else {
      append_entry(out, entry.path, '0', "", entry.content);
    }
  }
  out.append(2 * kBlock, '\0');
  return out;
}

Result<std::vector<TarEntry>> read_tar(std::string_view bytes,
                                       const std::string& name) {
  return Reader(bytes, name).read();
}

}  // namespace nvgpuctl
