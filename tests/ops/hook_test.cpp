// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/hook.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/host_lock.hpp"
#include "host/state_dir.hpp"
#include "ops/hook_filter.hpp"
#include "ops/undo.hpp"
#include "support/fake_vfio.hpp"
#include "support/four_gpus.hpp"
#include "support/sample_journal.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Of the recorded host with four GPUs: two are bound, one has no driver, and
// one is with plain vfio-pci.
constexpr PciAddress kBound{9, 1, 0, 0};
constexpr PciAddress kFree{0x29, 1, 0, 0};
constexpr PciAddress kPlain{0x39, 1, 0, 0};
const DriverState kNoDriver{"", std::nullopt};
const DriverState kPlainVfio{"vfio-pci", "vfio-pci"};
constexpr const char* kPolicy = "/etc/nvgpuctl/policy.yaml";
const std::string kPolicyHead =
    "apiVersion: nvgpuctl/v1\nkind: Policy\ngpus:\n";

// Has a GPU open until its unit is stopped.
class ServiceLoader : public ScriptedLoader {
 public:
  explicit ServiceLoader(FakeRoot& fake) : fake_(fake) {}
  void has(const std::string& node) {
    fake_.link("/proc/12/fd/3", node)
        .file("/proc/12/comm", "slurmd\n")
        .file("/proc/12/cgroup", "0::/system.slice/slurmd.service\n");
    active.insert("slurmd.service");
  }
  Result<> control(const UnitOrder& order) override {
    if (order.verb == "stop") {
      std::filesystem::remove_all(fake_.path("/proc/12"));
    }
    return ScriptedLoader::control(order);
  }

 private:
  FakeRoot& fake_;
};

class HookOfADomain : public testing::Test {
 protected:
  HookOfADomain() {
    put_four_gpus(fake_, kernel_);
    vfio_.offers({VfioInterface::group, "/dev/vfio/57"});
  }

  HookTools tools() {
    HookTools tools{root_, loader_, vfio_};
    tools.lock_wait = std::chrono::milliseconds(0);
    tools.held_wait = std::chrono::milliseconds(0);
    tools.warn = [this](std::string_view text) {
      warnings_.emplace_back(text);
    };
    return tools;
  }
  Result<> prepare(const std::string& domain,
                   const std::vector<PciAddress>& sources) {
    return prepare_domain(tools(), domain, sources);
  }
  Result<> release(const std::string& domain) {
    return release_domain(tools(), domain);
  }
  std::string refusal(const std::string& domain,
                      const std::vector<PciAddress>& sources) {
    const auto done = prepare(domain, sources);
    EXPECT_FALSE(done);
    return done ? "" : done.error().subject + ": " + done.error().problem;
  }
  DriverState state(const PciAddress& gpu) const {
    return *read_driver_state(fake_.open(), gpu);
  }
  std::optional<OriginRecord> origin(const PciAddress& gpu) const {
    return *read_origin(fake_.open(), gpu);
  }
  void breaks_devices() {
    vfio_.change = [](ModelVfio& model) { model.tail = 0; };
  }

  FakeRoot fake_;
  FakeKernel kernel_{fake_};
  RootDir root_ = kernel_.open();
  ServiceLoader loader_{fake_};
  FakeVfio vfio_;
  std::vector<std::string> warnings_;
};

TEST_F(HookOfADomain, BindsAndProvesEveryGpuAndGivesThemBack) {
  const auto done = prepare("vm", {kFree, kPlain});
  ASSERT_TRUE(done) << done.error().problem;
  EXPECT_EQ(state(kFree), kVariantState);
  EXPECT_EQ(state(kPlain), kVariantState);
  EXPECT_EQ(origin(kFree)->domain, "vm");
  EXPECT_TRUE(origin(kFree)->bound_for_domain);
  EXPECT_EQ(origin(kPlain)->state, kPlainVfio);
  EXPECT_THAT(vfio_.opened, SizeIs(2));
  EXPECT_TRUE(may_need_release(root_, "vm"));

  ASSERT_TRUE(release("vm"));
  EXPECT_EQ(state(kFree), kNoDriver);
  EXPECT_EQ(state(kPlain), kPlainVfio);
  EXPECT_THAT(list_origins(root_), IsEmpty());
  EXPECT_FALSE(root_.exists(kJournalPath));
  EXPECT_FALSE(may_need_release(root_, "vm"));
  EXPECT_TRUE(release("vm")) << "once more";
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(HookOfADomain, ProvesAGpuThatIsBoundAndLeavesItBound) {
  ASSERT_TRUE(prepare("vm", {kBound}));
  EXPECT_THAT(vfio_.opened, SizeIs(1));
  EXPECT_EQ(origin(kBound)->domain, "vm");
  EXPECT_FALSE(origin(kBound)->bound_for_domain);
  ASSERT_TRUE(release("vm"));
  EXPECT_EQ(state(kBound), kVariantState);
  EXPECT_EQ(origin(kBound), std::nullopt);
}

TEST_F(HookOfADomain, CanBePreparedAgainAfterTheDaemonDied) {
  ASSERT_TRUE(prepare("vm", {kFree, kBound}));
  const auto first = origin(kFree);
  ASSERT_TRUE(prepare("vm", {kFree, kBound}));
  EXPECT_EQ(origin(kFree), first);
  ASSERT_TRUE(release("vm"));
  EXPECT_EQ(state(kFree), kNoDriver);
}

TEST_F(HookOfADomain, IsRefusedAGpuThatAnotherDomainHas) {
  ASSERT_TRUE(prepare("first", {kFree}));
  const auto refused = prepare("second", {kPlain, kFree});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::busy);
  EXPECT_EQ(refused.error().subject, "0029:01:00.0");
  EXPECT_THAT(
      refused.error().problem,
      testing::MatchesRegex(
          "NVG-E071 claimed-by-domain: the GPU is reserved for another domain: "
          "'first' has had it since 20.*Z"));
  EXPECT_EQ(refused.error().hint,
            "stop that domain; if it is not running, release the GPU with: "
            "nvgpuctl unbind GPU");
  EXPECT_EQ(state(kPlain), kPlainVfio) << "nothing was changed";
  ASSERT_TRUE(release("second")) << "libvirt calls it after a failure, too";
  EXPECT_EQ(state(kFree), kVariantState) << "it is still the first one's";
}

TEST_F(HookOfADomain, IsRefusedAGpuThatThePolicyDoesNotLetItHave) {
  fake_.file(kPolicy, kPolicyHead + "  - match: all\n    domains: [other]\n");
  EXPECT_EQ(refusal("vm", {kFree}),
            "0029:01:00.0: NVG-E070 domain-not-allowed: the policy does not "
            "let the domain have the GPU: 'vm' is not among its domains");
  EXPECT_TRUE(prepare("other", {kFree}));
}

TEST_F(HookOfADomain, IsRefusedAGpuThatAProcessHasOpen) {
  fake_.link("/proc/12/fd/3", "/dev/vfio/57").file("/proc/12/comm", "qemu\n");
  EXPECT_EQ(refusal("vm", {kFree}),
            "0029:01:00.0: NVG-E072 gpu-held: a process has the GPU open: qemu "
            "(pid 12) has /dev/vfio/57 open");
  EXPECT_EQ(state(kFree), kNoDriver);
}

TEST_F(HookOfADomain, StopsWhomThePolicyNamesAndStartsThemAgainAfterwards) {
  fake_.file(kPolicy, kPolicyHead +
                          "  - match: all\n    driver: origin\n"
                          "    quiesce: [slurmd.service]\n");
  loader_.has("/dev/vfio/76");
  const auto done = prepare("vm", {kFree, kPlain});
  ASSERT_TRUE(done) << done.error().problem;
  EXPECT_EQ(state(kPlain), kVariantState);
  EXPECT_THAT(loader_.active, IsEmpty());
  EXPECT_THAT(origin(kPlain)->quiet.units, ElementsAre("slurmd.service"));
  EXPECT_TRUE(origin(kFree)->quiet.empty());
  ASSERT_TRUE(release("vm"));
  EXPECT_EQ(state(kPlain), kPlainVfio);
  EXPECT_THAT(loader_.active, ElementsAre("slurmd.service"));
}

TEST_F(HookOfADomain, StartsThemAgainWhereTheGpuDoesNotWork) {
  fake_.file(kPolicy, kPolicyHead +
                          "  - match: all\n"
                          "    quiesce: [slurmd.service]\n");
  loader_.has("/dev/vfio/76");
  breaks_devices();
  EXPECT_THAT(refusal("vm", {kPlain}), HasSubstr("NVG-E074"));
  EXPECT_EQ(state(kPlain), kPlainVfio);
  EXPECT_THAT(loader_.active, ElementsAre("slurmd.service"));
}

TEST_F(HookOfADomain, IsRefusedAGpuOfAServiceThatThePolicyDoesNotName) {
  fake_.file(kPolicy, kPolicyHead +
                          "  - match: all\n"
                          "    quiesce: [other.service]\n");
  loader_.has("/dev/vfio/76");
  EXPECT_THAT(refusal("vm", {kPlain}),
              testing::AllOf(
                  testing::StartsWith("0039:01:00.0: NVG-E072 gpu-held: a "
                                      "process has the GPU open: slurmd (pid "
                                      "12, slurmd.service) has /dev/vfio/76 "
                                      "open; in this order: 1. "),
                  HasSubstr("nothing lets slurmd.service be stopped")));
  EXPECT_EQ(state(kPlain), kPlainVfio);
  EXPECT_THAT(loader_.active, ElementsAre("slurmd.service"));
}

TEST_F(HookOfADomain, IsRefusedAGpuThatWhichGoesBack) {
  breaks_devices();
  EXPECT_THAT(refusal("vm", {kFree}),
              testing::StartsWith(
                  "0029:01:00.0: NVG-E074 attestation-failed: the bound GPU "
                  "does not show what a guest needs: is bound and does not "
                  "work: vfio-usable-tail: expected"));
  EXPECT_EQ(state(kFree), kNoDriver);
  EXPECT_EQ(origin(kFree), std::nullopt);
  EXPECT_TRUE(release("vm"));
}

TEST_F(HookOfADomain, IsRefusedABoundGpuThatDoesNotWork) {
  breaks_devices();
  EXPECT_THAT(refusal("vm", {kBound}), HasSubstr("NVG-E074"));
  EXPECT_EQ(state(kBound), kVariantState);
  EXPECT_EQ(origin(kBound), std::nullopt);
}

TEST_F(HookOfADomain, IsRefusedAGpuWhoseDriverDoesNotTakeIt) {
  kernel_.fail_probe("nvgrace_gpu_vfio_pci");
  EXPECT_EQ(refusal("vm", {kFree}),
            "0029:01:00.0: NVG-E073 change-failed: the GPU's driver could not "
            "be changed: after the change it has no driver, not "
            "nvgrace_gpu_vfio_pci; everything is as it was before");
}

TEST_F(HookOfADomain, IsRefusedAGpuThatIsNotViableWithItsOwnReason) {
  fake_.file("/proc/iomem",
             "520000000000-521fffffffff : System RAM (NVIDIA)\n");
  EXPECT_THAT(
      refusal("vm", {kFree}),
      testing::StartsWith("0029:01:00.0: NVG-E040 nvidia-memory-online"));
}

TEST_F(HookOfADomain, NamesThePlaceOfAnErrorInThePolicy) {
  fake_.file(kPolicy, kPolicyHead + "  - match: non\n");
  EXPECT_EQ(refusal("vm", {kFree}),
            "/etc/nvgpuctl/policy.yaml:4:12: NVG-E077 configuration-unusable: "
            "a configuration file cannot be used: match must be one of: all");
}

TEST_F(HookOfADomain, ReleasesWithoutAPolicyThatCanBeUsed) {
  ASSERT_TRUE(prepare("vm", {kFree}));
  fake_.file(kPolicy, "nonsense");
  EXPECT_TRUE(release("vm"));
  EXPECT_EQ(state(kFree), kNoDriver);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("NVG-E077")));
}

TEST_F(HookOfADomain, KeepsAGpuWhereThePolicySaysSo) {
  fake_.file(kPolicy, kPolicyHead + "  - match: all\n    on-release: keep\n");
  ASSERT_TRUE(prepare("vm", {kFree}));
  ASSERT_TRUE(release("vm"));
  EXPECT_EQ(state(kFree), kVariantState);
  ASSERT_TRUE(origin(kFree)) << "unbind still knows where it goes back to";
  EXPECT_EQ(origin(kFree)->state, kNoDriver);
  EXPECT_EQ(origin(kFree)->domain, std::nullopt);
  EXPECT_TRUE(prepare("another", {kFree}));
}

TEST_F(HookOfADomain, DoesNotTakeAGpuFromAProcessThatStaysOpen) {
  ASSERT_TRUE(prepare("vm", {kFree, kPlain}));
  fake_.link("/proc/12/fd/3", "/dev/vfio/57").file("/proc/12/comm", "qemu\n");
  const auto released = release("vm");
  ASSERT_FALSE(released);
  EXPECT_THAT(released.error().problem, HasSubstr("NVG-E072 gpu-held"));
  EXPECT_EQ(state(kFree), kVariantState);
  EXPECT_EQ(state(kPlain), kPlainVfio) << "the other one goes back";
  EXPECT_THAT(
      warnings_,
      ElementsAre("0029:01:00.0: was not given back; when nobody has it "
                  "open, run: nvgpuctl unbind 0029:01:00.0"));
  EXPECT_EQ(origin(kFree)->domain, std::nullopt);
  std::filesystem::remove_all(fake_.path("/proc/12"));
  EXPECT_TRUE(prepare("another", {kFree})) << "it is nobody's";
  EXPECT_TRUE(release("another"));
  EXPECT_EQ(state(kFree), kNoDriver);
}

TEST_F(HookOfADomain, GivesBackTheOthersWhereOneIsDead) {
  ASSERT_TRUE(prepare("vm", {kFree, kPlain}));
  kernel_.fail_probe("vfio-pci", "0039:01:00.0");
  kernel_.fail_probe("nvgrace_gpu_vfio_pci", "0039:01:00.0");
  const auto released = release("vm");
  ASSERT_FALSE(released);
  EXPECT_THAT(released.error().problem, HasSubstr("NVG-E075"));
  EXPECT_EQ(state(kFree), kNoDriver);
  EXPECT_FALSE(root_.exists(kJournalPath));
  EXPECT_TRUE(root_.exists(stuck_journal_path(kPlain)));
  EXPECT_EQ(origin(kPlain)->domain, std::nullopt);
  EXPECT_TRUE(prepare("another", {kFree}))
      << "nobody else is kept from a change";
  EXPECT_THAT(refusal("another", {kPlain}), HasSubstr("NVG-E075"));
}

TEST_F(HookOfADomain, ForgetsAGpuThatIsGoneAndStartsWhomItStopped) {
  fake_.file(kPolicy, kPolicyHead +
                          "  - match: all\n    driver: origin\n"
                          "    quiesce: [slurmd.service]\n");
  loader_.has("/dev/vfio/76");
  ASSERT_TRUE(prepare("vm", {kFree, kPlain}));
  ASSERT_THAT(loader_.active, IsEmpty());
  std::filesystem::remove_all(fake_.path(sysfs_path(kPlain)));
  const auto done = release("vm");
  ASSERT_TRUE(done) << done.error().problem;
  EXPECT_THAT(list_origins(root_), IsEmpty());
  EXPECT_THAT(loader_.active, ElementsAre("slurmd.service"));
  EXPECT_EQ(state(kFree), kNoDriver);
  EXPECT_FALSE(root_.exists(kJournalPath));
}

TEST_F(HookOfADomain, KeepsTheRecordOfAGpuThatCannotBeRead) {
  ASSERT_TRUE(prepare("vm", {kFree}));
  std::filesystem::remove(fake_.path(sysfs_path(kFree, "device")));
  const auto done = release("vm");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().problem, "cannot be read");
  EXPECT_EQ(origin(kFree)->domain, std::nullopt);
  EXPECT_EQ(origin(kFree)->state, kNoDriver);
}

TEST_F(HookOfADomain, HasNothingToDoWithOtherDevices) {
  EXPECT_TRUE(prepare("vm", {PciAddress{0, 1, 0, 0}}));
  EXPECT_FALSE(root_.exists(kLockPath));
  EXPECT_TRUE(release("vm"));
  EXPECT_FALSE(root_.exists("/var/lib/nvgpuctl"));
}

TEST_F(HookOfADomain, LetsOtherDomainsStartWhenADeviceFileIsBroken) {
  fake_.file("/etc/nvgpuctl/devices.d/a.yaml", "nonsense");
  EXPECT_TRUE(prepare("vm", {PciAddress{0, 1, 0, 0}}));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("devices.d/a.yaml")));
  EXPECT_THAT(refusal("vm", {kFree}),
              HasSubstr("devices.d/a.yaml:1:1: NVG-E077"));
}

TEST_F(HookOfADomain, WaitsForAnotherChangeOnlySoLong) {
  const auto lock = HostLock::take(root_, std::chrono::milliseconds(0));
  ASSERT_TRUE(lock);
  const auto refused = prepare("vm", {kFree});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::locked);
  EXPECT_THAT(refused.error().problem,
              testing::StartsWith("NVG-E076 lock-timeout"));
}

TEST_F(HookOfADomain, EndsWhatAnEarlierChangeHasLeft) {
  ASSERT_TRUE(store_journal(
      root_,
      {"bind",
       JournalPhase::apply,
       {"boot-1", "uid 0", "2026-01-31T09:30:00Z"},
       {{kPlain, {kPlainVfio, false, {}}, {kVariantState, false, {}}}}}));
  fake_.attribute("0039:01:00.0", "driver_override", "nvgrace_gpu_vfio_pci");
  ASSERT_TRUE(prepare("vm", {kFree}));
  EXPECT_EQ(state(kPlain), kPlainVfio);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("was not complete; brought "
                                               "back")));
}

std::string hostdev(const char* domain) {
  return "<domain><devices><hostdev><source><address domain='" +
         std::string(domain) +
         "' bus='0x01' slot='0x00' function='0x0'/></source></hostdev>"
         "</devices></domain>";
}

TEST_F(HookOfADomain, IsLookedAtOnlyWithAGpuOfNvidias) {
  EXPECT_TRUE(may_need_prepare(root_, hostdev("0x0029")));
  EXPECT_FALSE(may_need_prepare(root_, hostdev("0x0028")));
  EXPECT_FALSE(may_need_prepare(root_, "<domain/>"));
  EXPECT_TRUE(may_need_prepare(root_, "<!DOCTYPE x>" + hostdev("0x0028")))
      << "not sure, on a host that has GPUs";
}

TEST_F(HookOfADomain, IsLookedAtAfterwardsWhenARecordNamesIt) {
  EXPECT_FALSE(may_need_release(root_, "vm"));
  ASSERT_TRUE(prepare("vm", {kFree}));
  EXPECT_TRUE(may_need_release(root_, "vm"));
  EXPECT_FALSE(may_need_release(root_, "v"));
}

}  // namespace
}  // namespace nvgpuctl
