// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/policy_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/state_dir.hpp"
#include "ops/policy_export.hpp"
#include "support/four_gpus.hpp"
#include "support/sample_journal.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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
    inventory_ = *take_inventory(root_, {});
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
  auto origin = sample_origin();
  origin.domain = "vm";
  ASSERT_TRUE(root_.make_directory("/var/lib/nvgpuctl"));
  ASSERT_TRUE(root_.make_directory(kOriginFolder));
  ASSERT_TRUE(store_origin(root_, origin));
  const auto claimed = state(kBound, "    driver: none\n");
  EXPECT_THAT(claimed.differences, IsEmpty());
  EXPECT_FALSE(claimed.change);
  EXPECT_THAT(claimed.notes, ElementsAre("is bound for domain 'vm'"));
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

}  // namespace
}  // namespace nvgpuctl
