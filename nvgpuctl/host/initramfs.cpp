// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/initramfs.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "core/host_snapshot.hpp"
#include "core/module_name.hpp"
#include "host/modprobe_files.hpp"
#include "host/unpack.hpp"

namespace nvgpuctl {
namespace {

// Those of 150 MiB have 500 unpacked.
constexpr std::uint64_t kMaxUnpacked = 3 * kGiB;
// Kernels unpack any number of archives; images have two or three.
constexpr int kMaxArchives = 16;

// What may take a GPU, or is to.
bool is_module_of_interest(std::string_view name) {
  if (name.find(".ko") == std::string_view::npos) {
    return false;
  }
  const auto module = module_of_file(name);
  return module == kVariantDriver || module == "vfio_pci" ||
         is_host_driver(module);
}

// Its place among the folders, of which a file in an earlier one hides those of
// the same name in later ones. /lib is often a folder of its own here.
std::optional<std::size_t> modprobe_rank(std::string_view path) {
  if (!path.ends_with(".conf")) {
    return std::nullopt;
  }
  const auto folder = path.substr(0, path.rfind('/'));
  const auto place = std::ranges::find(kModprobeFolders, folder);
  if (place == kModprobeFolders.end() && folder != "lib/modprobe.d") {
    return std::nullopt;
  }
  return place - kModprobeFolders.begin();
}

// Later entries of an archive replace earlier ones.
void add_rules(const std::vector<CpioEntry>& entries, ModprobeRules& rules) {
  struct Seen {
    std::size_t rank;
    const CpioEntry* entry;
  };
  std::map<std::string_view, Seen> files;
  for (const auto& entry : entries) {
    if (const auto rank = modprobe_rank(entry.name)) {
      const std::string_view path = entry.name;
      const auto [seen, is_new] = files.try_emplace(
          path.substr(path.rfind('/') + 1), Seen{*rank, &entry});
      if (!is_new && *rank <= seen->second.rank) {
        seen->second = {*rank, &entry};
      }
    }
  }
  for (const auto& [name, seen] : files) {
    add_modprobe_rules(seen.entry->content, seen.entry->name, rules);
  }
}

CpioReader::Want choose(std::string_view name) {
  if (modprobe_rank(name)) {
    return CpioReader::Want::content;
  }
  return is_module_of_interest(name) ? CpioReader::Want::name
                                     : CpioReader::Want::nothing;
}

// One packed stream into the reader, which takes `left` bytes less. Nothing
// that is packed is packed twice.
Result<std::size_t> feed_packed(const std::string& path, std::string_view bytes,
                                CpioReader& reader, std::uint64_t& left) {
  const std::uint64_t limit = left;
  return unpack(path, bytes, limit, [&](std::string_view piece) -> Result<> {
    const auto taken = reader.feed(piece);
    if (!taken) {
      return forward_error(taken);
    }
    if (*taken != piece.size()) {
      return fail(Errc::malformed, path,
                  "what is packed in it is not a cpio archive");
    }
    left -= piece.size();
    return {};
  });
}

// Several archives, plain or packed, one after the other.
Result<> feed_all(const std::string& path, std::string_view rest,
                  CpioReader& reader) {
  std::uint64_t left = kMaxUnpacked;
  for (int i = 0; i < kMaxArchives && !rest.empty(); ++i) {
    // Packed streams may follow each other within one archive.
    const auto plain = reader.complete() ? reader.feed(rest)
                                         : Result<std::size_t>(std::size_t{0});
    if (!plain) {
      return forward_error(plain);
    }
    rest.remove_prefix(*plain);
    if (rest.empty()) {
      break;
    }
    const auto packed = feed_packed(path, rest, reader, left);
    if (!packed) {
      return forward_error(packed);
    }
    rest.remove_prefix(*packed);
  }
  if (!rest.empty() || !reader.complete()) {
    return fail(Errc::malformed, path, "ends in the middle of an archive");
  }
  return {};
}

}  // namespace

std::optional<std::string> find_initramfs(const RootDir& root,
                                          const std::string& release) {
  for (const auto& path :
       {"/boot/initrd.img-" + release, "/boot/initramfs-" + release + ".img",
        "/boot/initrd-" + release}) {
    if (root.exists(path)) {
      return path;
    }
  }
  return std::nullopt;
}

Result<std::vector<CpioEntry>> read_initramfs(const RootDir& root,
                                              const std::string& path) {
  const auto file = root.read_file(path, kMaxInitramfs);
  if (!file) {
    return forward_error(file);
  }
  if (file->empty()) {
    return fail(Errc::malformed, path, "not looked into: is empty");
  }
  CpioReader reader(path, choose);
  auto fed = feed_all(path, *file, reader);
  if (!fed) {
    return forward_error(fed);
  }
  return reader.entries();
}

InitramfsFacts look_into_initramfs(const RootDir& root,
                                   const std::string& path) {
  InitramfsFacts facts;
  facts.path = path;
  const auto entries = read_initramfs(root, path);
  if (!entries) {
    const bool refused = entries.error().code == Errc::permission;
    facts.problem = refused ? "not looked into: only root can read it"
                            : entries.error().problem;
    return facts;
  }
  add_rules(*entries, facts.rules);
  for (const auto& entry : *entries) {
    if (modprobe_rank(entry.name)) {
      continue;
    }
    auto module = module_of_file(entry.name);
    if (std::find(facts.modules.begin(), facts.modules.end(), module) ==
        facts.modules.end()) {
      facts.modules.push_back(std::move(module));
    }
  }
  std::sort(facts.modules.begin(), facts.modules.end());
  return facts;
}

}  // namespace nvgpuctl
