// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/state_dir.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "base/text.hpp"
#include "host/utc_now.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kMaxRecord = 64 * kKiB;
constexpr std::string_view kSuffix = ".json";

// Nothing for a file that is not there.
template <class Record>
Result<std::optional<Record>> read_record(
    const RootDir& root, const std::string& path,
    Result<Record> (*parse)(std::string_view, const std::string&)) {
  const auto text = root.read_file(path, kMaxRecord);
  if (!text && text.error().code == Errc::not_found) {
    return std::optional<Record>();
  }
  if (!text) {
    return forward_error(text);
  }
  auto record = parse(*text, path);
  if (!record) {
    return forward_error(record);
  }
  return std::optional(std::move(*record));
}

// A record that could not be read back would be taken for a broken one when it
// is needed, so it is not written: nothing has been changed yet.
template <class Record>
Result<> store_record(const RootDir& root, const std::string& path,
                      const std::string& text,
                      Result<Record> (*parse)(std::string_view,
                                              const std::string&)) {
  if (text.size() > kMaxRecord) {
    return fail(Errc::io, path,
                fmt::format("would be longer than {} KiB", kMaxRecord / kKiB),
                "change fewer GPUs at once");
  }
  const auto readable = parse(text, path);
  return readable ? root.replace(path, text)
                  : Result<>(forward_error(readable));
}

Result<> make_folders(const RootDir& root, std::string_view folder) {
  auto made = root.make_directory("/var/lib/nvgpuctl");
  return made ? root.make_directory(folder) : made;
}

// The GPUs that have a record in a folder, readable or not.
std::vector<PciAddress> list_records(const RootDir& root,
                                     std::string_view folder) {
  std::vector<PciAddress> gpus;
  const auto names = root.list(folder);
  if (!names) {
    return gpus;
  }
  for (std::string_view name : *names) {
    if (name.ends_with(kSuffix)) {
      name.remove_suffix(kSuffix.size());
      const auto gpu = parse_pci_address(name);
      if (gpu && to_string(*gpu) == name) {
        gpus.push_back(*gpu);
      }
    }
  }
  return gpus;
}

}  // namespace

std::string origin_path(const PciAddress& gpu) {
  return fmt::format("{}/{}{}", kOriginFolder, to_string(gpu), kSuffix);
}

std::string stuck_journal_path(const PciAddress& gpu) {
  return fmt::format("{}/{}{}", kStuckFolder, to_string(gpu), kSuffix);
}

Result<std::optional<Journal>> read_journal(const RootDir& root,
                                            std::string_view path) {
  return read_record(root, std::string(path), parse_journal);
}

Result<> store_journal(const RootDir& root, const Journal& journal,
                       std::string_view path) {
  auto made =
      make_folders(root, path == kJournalPath ? kOriginFolder : kStuckFolder);
  return made ? store_record(root, std::string(path),
                             write_journal_text(journal), parse_journal)
              : made;
}

Result<> drop_journal(const RootDir& root, std::string_view path) {
  // What was never written need not be removed. And what is gone, but would
  // come back after a power loss, is then of an earlier boot and says nothing.
  auto removed = root.exists(path) ? root.remove(path) : Result<>();
  return root.exists(path) ? removed : Result<>();
}

Result<std::optional<OriginRecord>> read_origin(const RootDir& root,
                                                const PciAddress& gpu) {
  auto record = read_record(root, origin_path(gpu), parse_origin);
  if (record && *record && (*record)->gpu != gpu) {
    return fail(Errc::malformed, origin_path(gpu),
                "is the record of " + to_string((*record)->gpu));
  }
  return record;
}

Result<> store_origin(const RootDir& root, const OriginRecord& origin) {
  auto made = make_folders(root, kOriginFolder);
  return made ? store_record(root, origin_path(origin.gpu),
                             write_origin_text(origin), parse_origin)
              : made;
}

Result<> drop_origin(const RootDir& root, const PciAddress& gpu) {
  return root.remove(origin_path(gpu));
}

std::optional<std::string> recorded_domain(const RootDir& root,
                                           const PciAddress& gpu) {
  const auto origin = read_origin(root, gpu);
  return origin && *origin ? (*origin)->domain : std::nullopt;
}

std::vector<PciAddress> list_origins(const RootDir& root) {
  return list_records(root, kOriginFolder);
}

std::vector<PciAddress> list_stuck_journals(const RootDir& root) {
  return list_records(root, kStuckFolder);
}

Result<std::string> set_aside(const RootDir& root, std::string_view path,
                              std::string_view when) {
  const std::string base = fmt::format("{}.corrupt-{}", path, when);
  std::string name = base;
  for (unsigned more = 2; root.exists(name); ++more) {
    name = fmt::format("{}-{}", base, more);
  }
  auto renamed = root.rename(path, name);
  if (!renamed) {
    return forward_error(renamed);
  }
  return name;
}

Signature sign(const RootDir& root, std::string_view verb) {
  const auto boot = root.read_text("/proc/sys/kernel/random/boot_id");
  return {
      boot && !boot->empty() ? std::string(trim(*boot)) : "unknown",
      fmt::format("uid {}, pid {}, nvgpuctl {}", ::getuid(), ::getpid(), verb),
      utc_now()};
}

}  // namespace nvgpuctl
