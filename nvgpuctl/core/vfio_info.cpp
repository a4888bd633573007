// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/vfio_info.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

// <linux/vfio.h>, which only host/ includes.
constexpr std::uint32_t kDeviceCaps = 1U << 7U;  // VFIO_DEVICE_FLAGS_CAPS
constexpr std::uint32_t kRegionCaps = 1U << 3U;  // VFIO_REGION_INFO_FLAG_CAPS
constexpr std::uint16_t kSparseMmap = 1;  // VFIO_REGION_INFO_CAP_SPARSE_MMAP
constexpr std::uint16_t kType = 2;        // VFIO_REGION_INFO_CAP_TYPE

// struct vfio_info_cap_header: id, version, offset of the next one.
constexpr std::size_t kHeaderSize = 8;
constexpr std::size_t kTypeSize = 16;  // struct vfio_region_info_cap_type
// struct vfio_region_info_cap_sparse_mmap up to its areas, and one of them.
constexpr std::size_t kSparseHeaderSize = 16;
constexpr std::size_t kAreaSize = 16;

using Problems = std::vector<std::string>;

struct Capability {
  std::uint16_t id = 0;
  std::uint16_t version = 0;
  std::size_t offset = 0;
};

// Follows the chain from `first` on; `fixed` are the bytes of the structure
// itself, where no capability can be.
std::vector<Capability> walk(Bytes bytes, std::uint32_t first,
                             std::size_t fixed, Problems& problems) {
  std::vector<Capability> chain;
  std::set<std::uint32_t> visited;
  for (std::uint32_t at = first; at != 0;) {
    const auto id = read_le<std::uint16_t>(bytes, at);
    const auto version = read_le<std::uint16_t>(bytes, at + std::size_t{2});
    const auto next = read_le<std::uint32_t>(bytes, at + std::size_t{4});
    if (at < fixed || !id || !version || !next) {
      problems.push_back(fmt::format(
          "capability at {:#x} is outside the answer's {:#x} to {:#x}", at,
          fixed, bytes.size()));
      break;
    }
    if (!visited.insert(at).second) {
      problems.push_back(
          fmt::format("the capability chain comes back to {:#x}", at));
      break;
    }
    chain.push_back({*id, *version, at});
    at = *next;
  }
  return chain;
}

using Range = std::pair<std::uint64_t, std::uint64_t>;  // first, end

// Where neighbours overlap: the beginnings of both.
std::vector<Range> overlaps(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<Range> found;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].first < ranges[i - 1].second) {
      found.emplace_back(ranges[i - 1].first, ranges[i].first);
    }
  }
  return found;
}

// `lengths` are those of the capabilities in `chain`.
void find_overlaps(const std::vector<Capability>& chain,
                   const std::vector<std::size_t>& lengths,
                   Problems& problems) {
  std::vector<Range> ranges;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    ranges.emplace_back(chain[i].offset, chain[i].offset + lengths[i]);
  }
  for (const auto& [one, next] : overlaps(std::move(ranges))) {
    problems.push_back(
        fmt::format("capabilities at {:#x} and {:#x} overlap", one, next));
  }
}

// What is wrong with areas that are to lie in a region, one behind the other.
void check_areas(const ObservedRegion& region, Problems& problems) {
  std::vector<Range> ranges;
  for (const auto& area : *region.sparse) {
    std::uint64_t end = 0;
    if (area.size == 0 ||
        __builtin_add_overflow(area.offset, area.size, &end) ||
        end > region.size) {
      problems.push_back(fmt::format(
          "the mappable area {} of {} bytes is not inside the region",
          hex(area.offset), hex(area.size)));
      continue;
    }
    ranges.emplace_back(area.offset, end);
  }
  for (const auto& [one, next] : overlaps(std::move(ranges))) {
    problems.push_back(
        fmt::format("mappable areas {} and {} overlap", hex(one), hex(next)));
  }
}

// Both return the capability's length.
std::size_t take_sparse(Bytes bytes, const Capability& capability,
                        ObservedRegion& region) {
  const auto count =
      read_le<std::uint32_t>(bytes, capability.offset + kHeaderSize);
  const std::size_t areas = capability.offset + kSparseHeaderSize;
  const std::size_t room =
      areas <= bytes.size() ? (bytes.size() - areas) / kAreaSize : 0;
  if (!count || *count > room) {
    region.problems.push_back(fmt::format(
        "the sparse-mmap capability at {:#x} does not fit into the answer",
        capability.offset));
    return kHeaderSize;
  }
  const std::size_t length = kSparseHeaderSize + *count * kAreaSize;
  if (region.sparse) {
    region.problems.emplace_back("there are two sparse-mmap capabilities");
    return length;
  }
  region.sparse.emplace();
  region.sparse_version = capability.version;
  for (std::size_t i = 0; i < *count; ++i) {
    const std::size_t at = areas + i * kAreaSize;
    region.sparse->push_back(
        {read_le<std::uint64_t>(bytes, at).value_or(0),
         read_le<std::uint64_t>(bytes, at + 8).value_or(0)});
  }
  return length;
}

std::size_t take_type(Bytes bytes, const Capability& capability,
                      ObservedRegion& region) {
  const auto type =
      read_le<std::uint32_t>(bytes, capability.offset + kHeaderSize);
  const auto subtype =
      read_le<std::uint32_t>(bytes, capability.offset + kHeaderSize + 4);
  if (!type || !subtype) {
    region.problems.push_back(
        fmt::format("the type capability at {:#x} does not fit into the answer",
                    capability.offset));
    return kHeaderSize;
  }
  if (region.type) {
    region.problems.emplace_back("there are two type capabilities");
  } else {
    region.type = {*type, *subtype};
  }
  return kTypeSize;
}

void take_capabilities(Bytes bytes, std::uint32_t first,
                       ObservedRegion& region) {
  if (first == 0) {
    region.problems.emplace_back(
        "the capability flag is set, but no capability is given");
    return;
  }
  const auto chain = walk(bytes, first, kRegionInfoSize, region.problems);
  std::vector<std::size_t> lengths;
  for (const auto& capability : chain) {
    switch (capability.id) {
      case kSparseMmap:
        lengths.push_back(take_sparse(bytes, capability, region));
        break;
      case kType:
        lengths.push_back(take_type(bytes, capability, region));
        break;
      default:
        lengths.push_back(kHeaderSize);
    }
  }
  find_overlaps(chain, lengths, region.problems);
  if (region.sparse) {
    check_areas(region, region.problems);
  }
}

tl::unexpected<Error> too_short(std::string subject, std::size_t size) {
  return fail(Errc::malformed, std::move(subject),
              fmt::format("the answer has only {} bytes", size));
}

}  // namespace

Result<ObservedDevice> parse_device_info(Bytes bytes) {
  const auto flags = read_le<std::uint32_t>(bytes, 4);
  const auto regions = read_le<std::uint32_t>(bytes, 8);
  const auto interrupts = read_le<std::uint32_t>(bytes, 12);
  if (!flags || !regions || !interrupts) {
    return too_short("VFIO_DEVICE_GET_INFO", bytes.size());
  }
  ObservedDevice device;
  device.flags = *flags;
  device.num_regions = *regions;
  // cap_offset and four bytes of padding came later than the rest.
  const auto first = read_le<std::uint32_t>(bytes, kDeviceInfoSize);
  if ((device.flags & kDeviceCaps) != 0 && first && *first != 0) {
    const auto chain =
        walk(bytes, *first, kDeviceInfoSize + 4, device.problems);
    find_overlaps(chain, std::vector<std::size_t>(chain.size(), kHeaderSize),
                  device.problems);
  }
  return device;
}

Result<ObservedRegion> parse_region_info(Bytes bytes) {
  const auto answer = parse_short_answer(bytes);
  if (!answer) {
    return forward_error(answer);
  }
  ObservedRegion region;
  region.argsz = answer->argsz;
  region.flags = answer->flags;
  region.index = read_le<std::uint32_t>(bytes, 8).value_or(0);
  region.size = read_le<std::uint64_t>(bytes, 16).value_or(0);
  region.offset = read_le<std::uint64_t>(bytes, 24).value_or(0);
  if ((region.flags & kRegionCaps) != 0) {
    take_capabilities(bytes, answer->cap_offset, region);
  }
  return region;
}

Result<ShortAnswer> parse_short_answer(Bytes bytes) {
  if (bytes.size() < kRegionInfoSize) {
    return too_short("VFIO_DEVICE_GET_REGION_INFO", bytes.size());
  }
  ShortAnswer answer;
  answer.argsz = read_le<std::uint32_t>(bytes, 0).value_or(0);
  answer.flags = read_le<std::uint32_t>(bytes, 4).value_or(0);
  answer.cap_offset = read_le<std::uint32_t>(bytes, 12).value_or(0);
  return answer;
}

}  // namespace nvgpuctl
