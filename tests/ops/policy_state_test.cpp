// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/policy_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/state_dir.hpp"
#include "ops/policy_apply.hpp"
#include "ops/policy_export.hpp"
#include "support/four_gpus.hpp"
#include "support/sample_journal.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// The recorded host with four GPUs: two are bound, one has no driver, and one
// is with plain vfio-pci.
constexpr std::size_t kBound = 0;
constexpr std::size_t kFree = 2;
constexpr std::size_t kPlain = 3;

class PolicyOnFourGpus : public testing::Test {
 protected:
  PolicyOnFourGpus() {
    put_four_gpus(fake_, kernel_);
    kernel_.offer("nvidia");
  }

  PolicyState state(std::size_t gpu, const std::string& keys) {
    policy_ = *parse_policy(
        "apiVersion: nvgpuctl/v1\nkind: Policy\ngpus:\n  - match: all\n" + keys,
        "policy.yaml");
    inventory_ = *take_inventory(root_, {.use = true});
    auto states = compare_with_policy(root_, inventory_, {gpu}, policy_,
                                      kSampleSignature);
    EXPECT_TRUE(states) << states.error().problem;
    return std::move(states->front());
  }
  void apply(std::size_t gpu, const std::string& keys) {
    auto wanted = state(gpu, keys);
    ASSERT_TRUE(wanted.change) << wanted.obstacle->problem;
    std::vector<Change> changes{std::move(*wanted.change)};
    const auto report = run_transaction({root_, loader_}, "apply",
                                        kSampleSignature, std::move(changes));
    ASSERT_FALSE(report.failure) << report.failure->problem;
    EXPECT_THAT(state(gpu, keys).differences, IsEmpty()) << "and stays so";
  }
  // The first GPU is on record for a domain.
  void claim_for(const std::string& domain) {
    auto origin = sample_origin();
    origin.domain = domain;
    ASSERT_TRUE(root_.make_directory("/var/lib/nvgpuctl"));
    ASSERT_TRUE(root_.make_directory(kOriginFolder));
    ASSERT_TRUE(store_origin(root_, origin));
  }
  // A service has the GPU that is with plain vfio-pci.
  void serve(const std::string& unit) {
    fake_.link("/proc/12/fd/3", "/dev/vfio/76")
        .file("/proc/12/comm", "daemon\n")
        .file("/proc/12/cgroup", "0::/system.slice/" + unit + "\n");
    loader_.active.insert(unit);
  }
  // Memory of that GPU is RAM of the host.
  void put_memory_online() {
    fake_.file("/sys/devices/system/node/node28/meminfo",
               "Node 28 MemTotal:       2097152 kB\n");
    fake_.link("/sys/devices/system/node/node28/memory32",
               "../../memory/memory32");
    fake_.file("/sys/devices/system/memory/memory32/state", "online\n");
    fake_.file("/sys/devices/system/memory/memory32/valid_zones", "Movable\n");
  }
  std::string memory_state() const {
    return std::string(
        trim(fake_.content("/sys/devices/system/memory/memory32/state")));
  }
  DriverState now(std::size_t gpu) {
    return *read_driver_state(root_, inventory_.gpus[gpu].pci.address);
  }

  FakeRoot fake_;
  FakeKernel kernel_{fake_};
  RootDir root_ = kernel_.open();
  ScriptedLoader loader_;
  Policy policy_;
  Inventory inventory_;
};

TEST_F(PolicyOnFourGpus, BindsAGpuThatIsToHaveItsVariantDriver) {
  EXPECT_THAT(
      state(kFree, "    driver: variant\n").differences,
      ElementsAre(PolicyDifference{"driver", "nvgrace_gpu_vfio_pci", "none"},
                  PolicyDifference{"driver_override", "nvgrace_gpu_vfio_pci",
                                   "not set"}));
  apply(kFree, "    driver: variant\n");
  EXPECT_EQ(now(kFree), kVariantState);
  apply(kFree, "    driver: origin\n");
  EXPECT_EQ(now(kFree), (DriverState{"", std::nullopt}));
  EXPECT_THAT(list_origins(root_), IsEmpty());
}

TEST_F(PolicyOnFourGpus, TakesAGpuFromAnotherDriverAndGivesItBack) {
  apply(kPlain, "    driver: variant\n");
  EXPECT_EQ(now(kPlain), kVariantState);
  apply(kPlain, "    driver: origin\n");
  EXPECT_EQ(now(kPlain), (DriverState{"vfio-pci", "vfio-pci"}));
}

TEST_F(PolicyOnFourGpus, KeepsEverybodyOffAGpuThatIsToHaveNoDriver) {
  apply(kPlain, "    driver: none\n");
  EXPECT_EQ(now(kPlain), (DriverState{"", "none"}));
  apply(kFree, "    driver: none\n");
  EXPECT_EQ(now(kFree), (DriverState{"", "none"}));
}

TEST_F(PolicyOnFourGpus, GivesAGpuToADriverByItsName) {
  apply(kFree, "    driver: vfio-pci\n");
  EXPECT_EQ(now(kFree), (DriverState{"vfio-pci", "vfio-pci"}));
  apply(kFree, "    driver: origin\n");
  EXPECT_EQ(now(kFree), (DriverState{"", std::nullopt}));
}

TEST_F(PolicyOnFourGpus, AsksNothingOfAGpuWithoutAWordAboutItsDriver) {
  const auto said = state(kFree, "    domains: [vm]\n");
  EXPECT_THAT(said.differences, IsEmpty());
  EXPECT_FALSE(said.change);
}

TEST_F(PolicyOnFourGpus, LeavesAGpuToTheDomainThatHasIt) {
  claim_for("vm");
  const auto claimed = state(kBound, "    driver: none\n");
  EXPECT_THAT(claimed.differences, IsEmpty());
  EXPECT_FALSE(claimed.change);
  EXPECT_THAT(claimed.notes, ElementsAre("is bound for domain 'vm'"));
}

TEST_F(PolicyOnFourGpus, TellsOfADomainThatWasNeverReleased) {
  claim_for("vm");
  fake_.file("/proc/1/comm", "systemd\n").directory("/proc/1/fd");
  const auto lost = state(kBound, "    driver: none\n");
  EXPECT_THAT(lost.differences,
              ElementsAre(PolicyDifference{"use", "domain 'vm'", "nobody"}));
  EXPECT_FALSE(lost.change);
  ASSERT_TRUE(lost.obstacle);
  EXPECT_EQ(lost.obstacle->code, Errc::busy);
  EXPECT_EQ(lost.obstacle->hint,
            "where that domain is off, run: nvgpuctl unbind 0009:01:00.0");

  const auto group = inventory_.gpus[kBound].pci.iommu_group;
  fake_.link("/proc/1/fd/3", "/dev/vfio/" + std::to_string(*group));
  EXPECT_THAT(state(kBound, "    driver: none\n").differences, IsEmpty());
}

TEST_F(PolicyOnFourGpus, RefusesAnotherLayoutThanThatOfTheLoadedDriver) {
  fake_.file("/sys/module/nvgrace_gpu_vfio_pci/parameters/layout", "split\n");
  const auto bound = state(kBound, "    driver: variant\n    layout: single\n");
  EXPECT_THAT(bound.differences,
              ElementsAre(PolicyDifference{"layout", "single", "split"}));
  ASSERT_TRUE(bound.obstacle);
  EXPECT_EQ(bound.obstacle->code, Errc::not_viable);
  EXPECT_EQ(bound.obstacle->problem,
            "the variant driver is loaded with layout=split");
}

TEST_F(PolicyOnFourGpus, ForgetsThatAGpuWasKeptForItsDriverByUdev) {
  fake_.file("/sys/bus/pci/devices/0029:01:00.0/driver_override",
             "nvgrace_gpu_vfio_pci\n");
  apply(kFree, "    driver: variant\n");
  EXPECT_EQ(now(kFree), kVariantState);
  EXPECT_THAT(list_origins(root_), IsEmpty());
}

const std::string kQuiesced =
    "    driver: variant\n    quiesce: [b.service, a.service]\n";

TEST_F(PolicyOnFourGpus, StopsWhomItNamesAndStartsThemOnTheWayBack) {
  serve("a.service");
  put_memory_online();
  EXPECT_THAT(state(kPlain, kQuiesced).notes,
              ElementsAre("apply stops a.service",
                          "apply takes its memory blocks 32 offline"));
  std::filesystem::remove_all(fake_.path("/proc/12"));
  serve("b.service");
  apply(kPlain, kQuiesced);
  std::filesystem::remove_all(fake_.path("/proc/12"));
  EXPECT_EQ(now(kPlain), kVariantState);
  EXPECT_EQ(memory_state(), "offline");
  EXPECT_THAT(loader_.active, ElementsAre("a.service"));
  const auto back = state(kPlain, "    driver: origin\n");
  EXPECT_THAT(back.notes,
              ElementsAre("apply takes its memory blocks 32 online again",
                          "apply starts b.service again"));
  apply(kPlain, "    driver: origin\n");
  EXPECT_EQ(now(kPlain), (DriverState{"vfio-pci", "vfio-pci"}));
  EXPECT_EQ(memory_state(), "online");
  EXPECT_THAT(loader_.active, ElementsAre("a.service", "b.service"));
}

TEST_F(PolicyOnFourGpus, StartsThemWhereTheDriverThatItHadIsWantedByName) {
  serve("a.service");
  apply(kPlain, kQuiesced);
  std::filesystem::remove_all(fake_.path("/proc/12"));
  EXPECT_THAT(loader_.active, IsEmpty());
  apply(kPlain, "    driver: vfio-pci\n");
  EXPECT_EQ(now(kPlain), (DriverState{"vfio-pci", "vfio-pci"}));
  EXPECT_THAT(loader_.active, ElementsAre("a.service"));
  EXPECT_THAT(list_origins(root_), IsEmpty());
}

TEST_F(PolicyOnFourGpus, StopsThemForAnyDriverButTheOneThatItHad) {
  serve("a.service");
  put_memory_online();
  const std::string quiesce = "    quiesce: [a.service]\n";
  apply(kPlain, "    driver: none\n" + quiesce);
  EXPECT_THAT(loader_.active, IsEmpty());
  EXPECT_EQ(memory_state(), "offline");
  apply(kPlain, "    driver: vfio-pci\n" + quiesce);
  EXPECT_THAT(loader_.active, ElementsAre("a.service"));
  EXPECT_EQ(memory_state(), "online");
}

TEST_F(PolicyOnFourGpus, NamesWhoHasTheGpuAndMayNotBeStopped) {
  serve("c.service");
  for (const auto* driver : {"variant", "none"}) {
    const auto held = state(kPlain, std::string("    driver: ") + driver +
                                        "\n    quiesce: [a.service]\n");
    ASSERT_TRUE(held.obstacle) << driver;
    EXPECT_EQ(held.obstacle->code, Errc::busy);
    EXPECT_EQ(held.obstacle->problem,
              "daemon (pid 12, c.service) has /dev/vfio/76 open");
  }
}

TEST_F(PolicyOnFourGpus, ExportsWhatWasStopped) {
  serve("a.service");
  apply(kPlain, kQuiesced);
  const auto exported = export_policy(root_, inventory_, {kFree, kPlain});
  EXPECT_FALSE(exported.policy.rules[0].quiesce);
  EXPECT_EQ(exported.policy.rules[1].quiesce,
            std::vector<std::string>{"a.service"});
}

// At the first hurdle, before anything is written.
TEST_F(PolicyOnFourGpus, RefusesToTakeAGpuFromItsUserOrAnotherManager) {
  fake_.file("/etc/driverctl.d/0029:01:00.0", "nvidia\n");
  const auto refusal = [&](std::size_t index, const std::string& keys,
                           OtherManagers managers) {
    std::vector<Change> changes{*state(index, keys).change};
    const auto report = apply_changes({root_, loader_}, inventory_, managers,
                                      kSampleSignature, std::move(changes));
    return report ? std::string() : report.error().problem;
  };
  const std::string variant = "    driver: variant\n";
  EXPECT_THAT(refusal(kFree, variant, OtherManagers::refuse),
              StartsWith("NVG-W090 driverctl"));
  EXPECT_EQ(now(kFree), (DriverState{"", std::nullopt}));
  serve("stranger.service");
  EXPECT_THAT(refusal(kPlain, variant, OtherManagers::take),
              HasSubstr("stranger.service"));
  EXPECT_EQ(refusal(kFree, "    driver: none\n", OtherManagers::refuse), "");
  EXPECT_EQ(refusal(kFree, variant, OtherManagers::take), "");
}

// A GPU that is given to another driver has no memory to show.
TEST_F(PolicyOnFourGpus, ProvesOnlyWhatCameToItsVariantDriver) {
  std::vector<std::string> asked;
  TransactionTools tools{root_, loader_, {}, {}};
  tools.prove =
      [&](const PciAddress& address) -> Result<std::vector<CheckSection>> {
    asked.push_back(to_string(address));
    return std::vector<CheckSection>{};
  };
  std::vector<Change> changes{*state(kPlain, "    driver: nvidia\n").change,
                              *state(kFree, "    driver: variant\n").change};
  EXPECT_TRUE(apply_changes(tools, inventory_, OtherManagers::refuse,
                            kSampleSignature, std::move(changes)));
  EXPECT_THAT(asked, ElementsAre("0029:01:00.0"));
}

TEST_F(PolicyOnFourGpus, ExportsWhatIsFulfilled) {
  state(kFree, "");
  const auto exported = export_policy(root_, inventory_, {0, 1, 2, 3});
  std::vector<std::string> drivers;
  for (const auto& rule : exported.policy.rules) {
    drivers.push_back(driver_word(rule));
  }
  EXPECT_THAT(drivers, ElementsAre("variant", "variant", "origin", "vfio-pci"));
  const auto states = compare_with_policy(root_, inventory_, {0, 1, 2, 3},
                                          exported.policy, kSampleSignature);
  for (const auto& one : *states) {
    EXPECT_THAT(one.differences, IsEmpty());
  }
}

// A recorded host is other people's data.
TEST_F(PolicyOnFourGpus, ExportsNoRuleOfWhoeverRecordedIt) {
  constexpr const char* kRule = "x\n  - match: all\n    driver: none\n\x1b[2J";
  fake_.attribute("0029:01:00.0", "driver_override", kRule);
  fake_.acpi_companion("0039:01:00.0", "\\_SB_.\x7f\xff\nGPU");
  state(kFree, "");
  const auto exported = export_policy(root_, inventory_, {kFree, kPlain});
  const auto text = write_policy(exported.policy, exported.notes);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  const auto policy = parse_policy(text, "exported");
  ASSERT_TRUE(policy) << policy.error().subject << policy.error().problem;
  ASSERT_EQ(policy->rules.size(), 2U);
  EXPECT_EQ(policy->rules[1].acpi_path, "");
  EXPECT_EQ(policy->rules[1].address, (PciAddress{0x39, 1, 0, 0}));
}

}  // namespace
}  // namespace nvgpuctl
