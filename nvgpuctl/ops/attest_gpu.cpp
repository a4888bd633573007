// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/attest_gpu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/check_table.hpp"
#include "core/region_check.hpp"
#include "host/driver_attributes.hpp"
#include "host/state_dir.hpp"
#include "ops/bind.hpp"
#include "ops/driver_changes.hpp"
#include "ops/write_test.hpp"

namespace nvgpuctl {
namespace {

using Sections = std::vector<CheckSection>;

// The section when the device could not be looked at at all.
CheckSection failed(std::string_view id, const Error& error) {
  SectionWriter checks("vfio");
  const std::string subject = error.subject.empty() ? "" : error.subject + ": ";
  checks.require(id, false,
                 {id == "vfio-open" ? "can be opened" : "no read fails",
                  subject + error.problem},
                 {error.code == Errc::not_viable ? "NVG-E031" : "",
                  error.hint.empty() ? "look at the kernel log" : error.hint});
  checks.skip_rest("vfio-", "the device could not be looked at");
  return checks.take();
}

CheckSection skipped(std::string_view section, std::string_view id,
                     std::string_view why) {
  SectionWriter checks(section);
  checks.skip(id, why);
  return checks.take();
}

bool passed(const CheckSection& section) {
  return overall({section}) == Verdict::pass;
}

class Attestation {
 public:
  // `problems` are those known before the device is opened.
  Attestation(VfioSubject subject, VfioOpener& vfio, LiveOptions options,
              std::vector<std::string> problems)
      : subject_(std::move(subject)),
        vfio_(vfio),
        options_(std::move(options)),
        problems_(std::move(problems)) {}

  // Both sections, by way of one path.
  Result<Sections> by(const VfioPath& path);
  // The check "vfio-same": what the other path shows instead.
  Result<Check> compare(const CheckSection& first, const VfioPath& other);

 private:
  CheckSection write_test(VfioDevice& device, const CheckSection& vfio);

  VfioSubject subject_;
  VfioOpener& vfio_;
  LiveOptions options_;
  std::vector<std::string> problems_;
};

Result<Sections> Attestation::by(const VfioPath& path) {
  auto device = vfio_.open(subject_.gpu.pci, path);
  if (!device && device.error().code == Errc::busy) {
    return forward_error(device);
  }
  if (!device && device.error().code == Errc::permission) {
    return Sections{skipped("vfio", "vfio-open",
                            fmt::format("only root may open {}", path.path))};
  }
  if (!device) {
    return Sections{failed("vfio-open", device.error())};
  }
  auto seen = observe(**device, options_.attest);
  if (!seen) {
    return Sections{failed("vfio-access", seen.error())};
  }
  seen->path = path.path;
  seen->problems.insert(seen->problems.begin(), problems_.begin(),
                        problems_.end());
  Sections sections{check_regions(subject_, *seen)};
  if (options_.write_test == WriteTest::yes) {
    sections.push_back(write_test(**device, sections.front()));
  }
  return sections;
}

CheckSection Attestation::write_test(VfioDevice& device,
                                     const CheckSection& vfio) {
  const auto plan = expected_regions(subject_);
  if (!passed(vfio) || !plan.usable) {
    return skipped("write", "write-first",
                   "not tried: the checks of the device must pass first");
  }
  return test_writing(device, *plan.usable);
}

Result<Check> Attestation::compare(const CheckSection& first,
                                   const VfioPath& other) {
  options_.write_test = WriteTest::no;  // once is enough
  const auto second = by(other);
  if (!second) {
    return forward_error(second);
  }
  const auto& checks = second->front().checks;
  std::vector<std::string> differences;
  for (const auto& check : first.checks) {
    const auto same = std::find_if(
        checks.begin(), checks.end(),
        [&](const Check& candidate) { return candidate.id == check.id; });
    const bool equal = same != checks.end() && same->verdict == check.verdict &&
                       same->seen == check.seen;
    if (!equal && check.id != "vfio-open") {
      differences.push_back(check.id + ": " +
                            (same == checks.end() ? "absent" : same->seen));
    }
  }
  SectionWriter writer("vfio");
  writer.require("vfio-same", differences.empty(),
                 {fmt::format("the same by way of {}", other.path),
                  differences.empty() ? "the same" : list_text(differences)},
                 {"", "please report what 'validate -o json' prints"});
  return writer.take().checks.front();
}

// What each GPU brings along for attestation.
AttestOptions options_for(const HostSnapshot& host, const Gpu& gpu,
                          AttestOptions options) {
  if (host.kernel.page_size) {
    options.page_size = host.kernel.page_size->value;
  }
  if (gpu.pci.config) {
    options.cxl_dvsec = gpu.pci.config->cxl_device_dvsec();
  }
  return options;
}

// Waiting once more, for half a minute, would tell nothing new.
bool is_not_ready(const std::vector<Check>& checks) {
  return std::ranges::any_of(checks, [](const Check& check) {
    return check.id.ends_with("-ready") && check.verdict == Verdict::fail;
  });
}

// The layout check tells whether the device shows what it ought to.
std::optional<RegionPlan> shown_regions(const VfioSubject& subject,
                                        const CheckSection& vfio) {
  const auto layout = std::find_if(
      vfio.checks.begin(), vfio.checks.end(),
      [](const Check& check) { return check.id == "vfio-layout"; });
  if (layout == vfio.checks.end() || layout->verdict == Verdict::skipped) {
    return subject.gpu.plan;  // it was not looked at
  }
  const bool as_expected =
      layout->verdict == Verdict::pass || layout->verdict == Verdict::remark;
  return as_expected ? std::optional(expected_regions(subject)) : std::nullopt;
}

}  // namespace

bool has_vfio_driver(const Gpu& gpu) {
  return gpu.driver_role == DriverRole::variant ||
         gpu.driver_role == DriverRole::vfio_pci;
}

Result<> check_unclaimed(const RootDir& root, const PciAddress& gpu) {
  const auto origin = valid_origin(root, gpu, sign(root, "validate"));
  if (origin && origin->domain) {
    return fail(Errc::busy, to_string(gpu),
                fmt::format("domain '{}' has had it since {}", *origin->domain,
                            origin->signature.when),
                "the device itself can be checked only while nobody has it; "
                "if that domain does not run: nvgpuctl unbind GPU");
  }
  return {};
}

Result<> check_device_free(const RootDir& root, const Gpu& gpu) {
  // Its link to the driver is gone already while an unbind hangs.
  auto known = check_not_hung(gpu);
  if (!known) {
    return known;
  }
  if (!root.live() || !has_vfio_driver(gpu)) {
    return {};  // it will not be opened
  }
  auto free = check_not_held(root, gpu.pci);
  if (!free) {
    Error error = free.error();
    error.hint =
        "the device itself can be checked only while nobody uses it; "
        "nvgpuctl explain looks at the rest";
    return tl::unexpected<Error>(std::move(error));
  }
  return check_unclaimed(root, gpu.pci.address);
}

Result<LiveReport> attest_gpu(const RootDir& root, const HostSnapshot& host,
                              const Gpu& gpu, VfioOpener& vfio,
                              const LiveOptions& options) {
  const auto paths = vfio.paths(gpu.pci);
  if (paths.empty()) {
    return LiveReport{{skipped("vfio", "vfio-open",
                               "there is no device node for it in /dev/vfio")},
                      gpu.plan};
  }
  LiveOptions complete = options;
  complete.attest = options_for(host, gpu, options.attest);
  auto told = read_driver_attributes(root, gpu.pci.address);
  std::vector<std::string> problems;
  if (!told) {
    problems.push_back(told.error().subject + ": " + told.error().problem);
  }
  const VfioSubject subject{host, gpu,
                            told ? *told : std::optional<DriverAttributes>()};
  Attestation attestation(subject, vfio, complete, std::move(problems));
  auto sections = attestation.by(paths.front());
  if (!sections) {
    return forward_error(sections);
  }
  auto& checks = sections->front().checks;
  if (paths.size() < 2 || checks.size() == 1 || is_not_ready(checks)) {
    SectionWriter writer("vfio");
    writer.skip("vfio-same", paths.size() < 2
                                 ? "there is only one way to open it"
                                 : "not tried: the first one has failed");
    checks.push_back(writer.take().checks.front());
  } else {
    auto same = attestation.compare(sections->front(), paths[1]);
    if (!same) {
      return forward_error(same);
    }
    checks.push_back(std::move(*same));
  }
  const auto regions = shown_regions(subject, sections->front());
  return LiveReport{std::move(*sections), regions};
}

}  // namespace nvgpuctl
