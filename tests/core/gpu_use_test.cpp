// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/gpu_use.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sample_host.hpp"
#include "support/sample_process.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;

const UseRules kRefuse{};
const UseRules kForce{.force = true};
const UseRules kQuiesce = quiesce_rules({});

// nvidia has the GPU, and its memory is RAM of the host.
HostSnapshot busy_host() {
  auto host = gh200_host();
  host.gpus[0].driver = "nvidia";
  host.census.emplace();
  return host;
}

void put_memory_online(HostSnapshot& host) {
  host.numa.nodes[1].memory_bytes = 2 * kGiB;
  host.census->memory[1] = {{32, 33}, {40}};
}

HostSnapshot with(std::vector<ProcessFacts> processes) {
  auto host = busy_host();
  host.census->processes = std::move(processes);
  return host;
}

Error refusal(const HostSnapshot& host, const UseRules& rules) {
  const auto judged = judge_use(only_gpu(host), rules);
  EXPECT_FALSE(judged);
  return judged ? Error{} : judged.error();
}

TEST(Use, MayBeChangedWhereNobodyUsesTheGpu) {
  for (const auto& rules : {kRefuse, kForce, kQuiesce}) {
    const auto judged = judge_use(only_gpu(busy_host()), rules);
    ASSERT_TRUE(judged);
    EXPECT_TRUE(judged->empty());
  }
}

TEST(Use, IsRefusedWithEverybodyAndTheOrderToStopThemIn) {
  auto host =
      with({service(1, "nvidia-persiste", "nvidia-persistenced.service"),
            process(4, "bench", {"/dev/nvidia0"})});
  put_memory_online(host);
  const auto error = refusal(host, kRefuse);
  EXPECT_EQ(error.code, Errc::busy);
  EXPECT_EQ(error.subject, "0009:01:00.0");
  EXPECT_EQ(error.problem,
            "bench (pid 4) has /dev/nvidia0 open; nvidia-persiste (pid 1, "
            "nvidia-persistenced.service) has /dev/nvidia0 open; its memory is "
            "online as RAM of the host");
  EXPECT_EQ(error.hint,
            "in this order: 1. stop bench (pid 4), 2. systemctl stop "
            "nvidia-persistenced.service, 3. take memory blocks 32-33,40 "
            "offline; bind --quiesce does it where all of them are services of "
            "NVIDIA's, or named under 'quiesce' in the policy");
}

TEST(Use, IsQuiescedByWhatIsKnown) {
  auto host =
      with({service(1, "nvidia-persiste", "nvidia-persistenced.service"),
            service(2, "nv-hostengine", "nvidia-dcgm.service"),
            service(3, "nv-hostengine", "nvidia-dcgm.service")});
  put_memory_online(host);
  const auto quiet = judge_use(only_gpu(host), kQuiesce);
  ASSERT_TRUE(quiet) << quiet.error().problem;
  EXPECT_THAT(quiet->units, ElementsAre("nvidia-dcgm.service",
                                        "nvidia-persistenced.service"));
  EXPECT_THAT(quiet->memory.movable, ElementsAre(32, 33));
  EXPECT_THAT(quiet->memory.other, ElementsAre(40));
}

TEST(Use, IsNotQuiescedWhereSomebodyElseHasTheGpu) {
  const auto error =
      refusal(with({service(1, "slurmd", "slurmd.service")}), kQuiesce);
  EXPECT_EQ(error.hint,
            "in this order: 1. stop slurmd.service; nothing lets "
            "slurmd.service be stopped: --quiesce is for services of "
            "NVIDIA's, 'quiesce' in the policy for those that it names");
}

TEST(Use, IsQuiescedInTheOrderOfThePolicyAndOnlyByThoseWhoHaveTheGpu) {
  const auto host =
      with({service(1, "nvidia-persiste", "nvidia-persistenced.service"),
            service(2, "slurmd", "slurmd.service"),
            service(3, "exporter", "exporter@1.service")});
  const std::vector<std::string> named{"slurmd.service", "other.service",
                                       "exporter@1.service"};
  const auto quiet = judge_use(only_gpu(host), quiesce_rules(named));
  ASSERT_TRUE(quiet) << quiet.error().problem;
  EXPECT_THAT(quiet->units, ElementsAre("slurmd.service", "exporter@1.service",
                                        "nvidia-persistenced.service"));
}

TEST(Use, IsNotQuiescedByTheUnitOfAUserWithTheNameOfOneOfTheSystem) {
  auto mine = service(2, "slurmd", "slurmd.service");
  mine.owner.system_unit = false;
  EXPECT_EQ(refusal(with({mine}), {false, true, {"slurmd.service"}}).problem,
            "slurmd (pid 2, slurmd.service) has /dev/nvidia0 open");
}

TEST(Use, IsInNobodysWayWhomThePlanStops) {
  auto host = with({service(2, "slurmd", "slurmd.service")});
  put_memory_online(host);
  const auto gpu = only_gpu(host);
  BindPlan plan;
  plan.steps = quiesce_steps({{"slurmd.service"}, {{32, 33}, {40}}});
  EXPECT_TRUE(judge_use(gpu, plan));
  plan.steps.erase(plan.steps.begin());
  const auto judged = judge_use(gpu, plan);
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().code, Errc::busy);
}

TEST(Use, IsForcedUnderProcesses) {
  const auto host = with({process(4, "bench", {"/dev/nvidia0"})});
  const auto judged = judge_use(only_gpu(host), kForce);
  ASSERT_TRUE(judged);
  EXPECT_TRUE(judged->empty());
}

TEST(Use, IsNeverForcedUnderAGuest) {
  auto host = gh200_host();
  host.gpus[0].driver = "nvgrace_gpu_vfio_pci";
  host.gpus[0].vfio_dev = "vfio0";
  host.census.emplace().processes = {
      process(4242, "qemu-system-aar", {"/dev/vfio/19"})};
  host.census->processes[0].owner = {.unit = "vm.service", .system_unit = true};
  for (const auto& rules :
       {kRefuse, kForce, kQuiesce, UseRules{true, true, {"vm.service"}}}) {
    const auto error = refusal(host, rules);
    EXPECT_EQ(error.problem,
              "qemu-system-aar (pid 4242, vm.service) has /dev/vfio/19 open");
    EXPECT_EQ(error.hint,
              "in this order: 1. shut down vm.service; nothing takes a GPU "
              "from a running virtual machine: not --force=in-use, --quiesce, "
              "nor a policy");
  }
}

TEST(Use, IsNotForcedWhileMemoryIsOnline) {
  auto host = busy_host();
  put_memory_online(host);
  EXPECT_EQ(refusal(host, kForce).hint,
            "in this order: 1. take memory blocks 32-33,40 offline; "
            "--force=in-use does not cover memory that is online; --quiesce "
            "does it");
}

TEST(Use, IsNotQuiescedWhereItsBlocksAreNotKnown) {
  auto host = busy_host();
  host.numa.nodes[1].memory_bytes = 2 * kGiB;
  EXPECT_EQ(refusal(host, kQuiesce).hint,
            "in this order: 1. take its memory offline; its memory blocks are "
            "not known, so nothing can take them offline");
}

TEST(Use, NamesNoMoreThanCanBeRead) {
  std::vector<ProcessFacts> many;
  for (unsigned pid = 1; pid <= 10; ++pid) {
    many.push_back(process(pid, "job", {"/dev/nvidia0"}));
  }
  const auto error = refusal(with(many), kRefuse);
  EXPECT_TRUE(
      error.problem.ends_with("job (pid 8) has /dev/nvidia0 open; and 2 more"))
      << error.problem;
}

TEST(Use, IsAFinding) {
  const auto host = with({process(4, "bench", {"/dev/nvidia0"})});
  const auto findings = said(only_gpu(host));
  EXPECT_THAT(findings, testing::Contains(
                            "NVG-W047: bench (pid 4) has /dev/nvidia0 open"));
}

TEST(OtherManagers, AreRefusedByTheirName) {
  auto host = gh200_host();
  host.managers.emplace().driverctl[kGh200Address] = "nvidia";
  const auto judged = judge_managers(only_gpu(host));
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().code, Errc::busy);
  EXPECT_EQ(judged.error().problem,
            "NVG-W090 driverctl: driverctl sets it to nvidia at each boot, by "
            "/etc/driverctl.d/0009:01:00.0");
  EXPECT_EQ(judged.error().hint,
            "driverctl unset-override GPU leaves it to nvgpuctl; "
            "'other-managers: take' in /etc/nvgpuctl/policy.yaml binds all the "
            "same");
}

TEST(OtherManagers, AreNoneWhereTheyWantTheSame) {
  auto host = gh200_host();
  host.managers.emplace().driverctl[kGh200Address] = "nvgrace_gpu_vfio_pci";
  EXPECT_TRUE(judge_managers(only_gpu(host)));
}

TEST(OtherManagers, AreIdsThatVfioPciTakes) {
  auto host = gh200_host();
  host.managers.emplace().vfio_ids =
      vfio_ids_of_command_line("vfio-pci.ids=10de:2330");
  EXPECT_TRUE(judge_managers(only_gpu(host)));
  host.managers->vfio_ids = vfio_ids_of_command_line("vfio-pci.ids=10de:2342");
  const auto judged = judge_managers(only_gpu(host));
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().problem,
            "NVG-W091 vfio-ids: vfio-pci is told to take every 10de:2342, by "
            "/proc/cmdline");
}

TEST(OtherManagers, AreAgentsOfKubernetes) {
  auto host = gh200_host();
  auto agent = process(99, "sh", {});
  agent.arguments = {"/bin/sh", "-c", "vfio-manage bind --all && sleep 9"};
  agent.owner = {.runtime = "containerd", .container = "0a", .pod = "p"};
  host.census.emplace().processes = {agent};
  const auto judged = judge_managers(only_gpu(host));
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().problem,
            "NVG-W093 kubernetes-agent: NVIDIA's vfio-manager runs: sh (pid "
            "99, containerd container 0a of pod p), by /proc/99");
}

TEST(OtherManagers, MayBeLibvirtWhichOnlyIsSaid) {
  auto host = gh200_host();
  host.managers.emplace().managed = {{"grace", kGh200Address}};
  const auto gpu = only_gpu(host);
  EXPECT_TRUE(judge_managers(gpu));
  EXPECT_THAT(said(gpu), ElementsAre("NVG-W092: domain grace has it with "
                                     "managed='yes'"));
}

TEST(OtherManagers, AreInferredFromVfioPciHavingItWithoutAnOverride) {
  auto host = gh200_host();
  host.gpus[0].driver = "vfio-pci";
  host.managers.emplace();
  EXPECT_THAT(said(only_gpu(host)),
              testing::Contains("NVG-W094: vfio-pci has it without an "
                                "override: somebody wrote its id to new_id"));
  host.gpus[0].driver_override = "vfio-pci";
  EXPECT_THAT(said(only_gpu(host)),
              testing::Not(testing::Contains(testing::StartsWith("NVG-W094"))));
}

}  // namespace
}  // namespace nvgpuctl
