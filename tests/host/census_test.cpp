// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/census.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "host/manager_files.hpp"
#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr PciAddress kGpu{9, 1, 0, 0};

void process(FakeRoot& fake, const std::string& pid, const std::string& command,
             const std::string& open_file) {
  fake.file("/proc/" + pid + "/comm", command + '\n');
  fake.link("/proc/" + pid + "/fd/0", "/dev/null");
  fake.link("/proc/" + pid + "/fd/17", open_file);
}

std::vector<PciFunction> gpus(const char* driver) {
  PciFunction pci;
  pci.address = kGpu;
  pci.driver = driver;
  return {pci};
}

TEST(Census, HasTheProcessesThatHaveANodeOpen) {
  FakeRoot fake;
  process(fake, "4242", "qemu-system-aar", "/dev/vfio/19");
  process(fake, "4243", "bash", "/dev/pts/1");
  fake.file("/proc/4242/cmdline",
            std::string("qemu\0-name\0guest=grace\0", 22));
  fake.file("/proc/4242/cgroup",
            "0::/machine.slice/machine-qemu\\x2d1\\x2dgrace.scope\n");
  const auto census = read_census(fake.open(), {});
  ASSERT_THAT(census.processes, SizeIs(1));
  const auto& qemu = census.processes[0];
  EXPECT_EQ(qemu.pid, 4242U);
  EXPECT_EQ(qemu.command, "qemu-system-aar");
  EXPECT_THAT(qemu.open, ElementsAre("/dev/vfio/19"));
  EXPECT_THAT(qemu.arguments, testing::Contains("guest=grace"));
  EXPECT_EQ(qemu.owner.machine, "qemu-1-grace");
}

TEST(Census, LeavesOutWhoeverOnlyNamesANode) {
  FakeRoot fake;
  process(fake, "208", "(udev-worker)", "/dev/vfio/19");
  fake.file("/proc/208/fdinfo/17", "pos:\t0\nflags:\t012100000\n");
  EXPECT_THAT(read_census(fake.open(), {}).processes, IsEmpty());
}

TEST(Census, KnowsANodeThatWasRemovedMeanwhile) {
  FakeRoot fake;
  process(fake, "1", "job", "/dev/nvidia0 (deleted)");
  EXPECT_THAT(read_census(fake.open(), {}).processes[0].open,
              ElementsAre("/dev/nvidia0"));
}

TEST(Census, ReadsWhichFunctionADescriptorOfVfioIs) {
  FakeRoot fake;
  process(fake, "1", "vmm", "anon_inode:[vfio-device]");
  fake.file("/proc/1/fdinfo/17",
            "pos:\t0\nvfio-device-syspath: /sys/devices/pci0009:00/"
            "0009:00:00.0/0009:01:00.0\n");
  process(fake, "2", "vmm", "anon_inode:[vfio-device]");
  const auto census = read_census(fake.open(), {});
  ASSERT_THAT(census.processes, SizeIs(2));
  EXPECT_THAT(census.processes[0].vfio_devices, ElementsAre(kGpu));
  EXPECT_THAT(census.processes[1].vfio_devices, ElementsAre(std::nullopt));
}

// Lists what a process of another user has open, but is not told what it is:
// root in a container, or a service without the capability.
class WithoutPtrace {
 public:
  WithoutPtrace() {
    header_.version = _LINUX_CAPABILITY_VERSION_3;
    ::syscall(SYS_capget, &header_, before_.data());
    auto less = before_;
    less[0].effective &= ~(1U << CAP_SYS_PTRACE);
    // Newer kernels take either for what is mapped.
    less[0].effective &= ~(1U << CAP_SYS_ADMIN);
    less[1].effective &= ~(1U << (CAP_PERFMON - 32U));
    ::syscall(SYS_capset, &header_, less.data());
  }
  ~WithoutPtrace() { ::syscall(SYS_capset, &header_, before_.data()); }
  WithoutPtrace(const WithoutPtrace&) = delete;
  WithoutPtrace& operator=(const WithoutPtrace&) = delete;

 private:
  __user_cap_header_struct header_{};
  std::array<__user_cap_data_struct, 2> before_{};
};

TEST(Census, CountsAProcessWhoseFilesAreNotTold) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root may list the files of another user's process";
  }
  const pid_t other = ::fork();
  if (other == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) {
      ::_exit(1);
    }
    ::pause();
    ::_exit(0);
  }
  const auto root = RootDir::open("/").value();
  const auto home = fmt::format("/proc/{}", other);
  const auto is_other = [&] {
    const auto status = root.read_text(home + "/status");
    return status && status->find("\nUid:\t65534\t") != std::string::npos;
  };
  for (int i = 0; i < 500 && !is_other(); ++i) {
    ::usleep(10'000);
  }
  ASSERT_TRUE(is_other());
  {
    const WithoutPtrace no_ptrace;
    EXPECT_TRUE(root.list(home + "/fd"));
    EXPECT_EQ(root.link_target(home + "/fd/0").error().code, Errc::permission);
    EXPECT_GE(read_census(root, {}).unseen, 1U);
    // Its directory may be opened, and what is in it is not told.
    const auto mapped = root.list(home + "/map_files");
    EXPECT_TRUE(!mapped && mapped.error().code == Errc::permission);
  }
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
}

TEST(Census, SeesWhoHasAVirtualMachine) {
  FakeRoot fake;
  process(fake, "1", "vmm", "anon_inode:kvm-vm");
  EXPECT_TRUE(read_census(fake.open(), {}).processes[0].kvm);
}

TEST(Census, LooksForLibrariesOnlyWhereNvidiaHasAGpu) {
  FakeRoot fake;
  process(fake, "1", "python3", "/dev/pts/1");
  fake.file("/proc/1/maps",
            "ffff8000-ffff9000 r-xp 00000000 fe:01 4242 /usr/lib/libc.so.6\n"
            "ffffa000-ffffb000 r-xp 00000000 fe:01 4243 "
            "/usr/lib/libcuda.so.1\n");
  EXPECT_THAT(read_census(fake.open(), gpus("vfio-pci")).processes, IsEmpty());
  const auto census = read_census(fake.open(), gpus("nvidia"));
  ASSERT_THAT(census.processes, SizeIs(1));
  EXPECT_THAT(census.processes[0].mapped, ElementsAre("/usr/lib/libcuda.so.1"));
}

TEST(Census, ReadsTheGpusNodesAndTheModulesCount) {
  FakeRoot fake;
  fake.file("/proc/driver/nvidia/gpus/0009:01:00.0/information",
            "Model: \t\t NVIDIA GH200 120GB\nDevice Minor: \t 3\n");
  fake.directory("/sys/bus/pci/devices/0009:01:00.0/drm/card1");
  fake.file("/sys/module/nvidia/refcnt", "7\n");
  fake.directory("/sys/module/nvidia/holders/nvidia_uvm");
  const auto census = read_census(fake.open(), gpus("nvidia"));
  EXPECT_EQ(census.nodes.at(kGpu).nvidia_minor, 3U);
  EXPECT_THAT(census.nodes.at(kGpu).dri, ElementsAre("card1"));
  ASSERT_THAT(census.modules, SizeIs(1));
  EXPECT_EQ(census.modules[0].references, 7U);
  EXPECT_THAT(census.modules[0].holders, ElementsAre("nvidia_uvm"));
}

TEST(Census, SurvivesWhatCannotBeRead) {
  FakeRoot fake;
  fake.directory("/proc/12").file("/proc/meminfo", "");
  fake.file("/proc/13/fd/5", "not a link");
  fake.directory("/proc/99999999999999999999/fd");
  process(fake, "14", "job", "/dev/nvidia0");
  fake.directory("/proc/14/cgroup").directory("/proc/14/cmdline");
  fake.file("/sys/module/nvidia/refcnt", "many\n");
  const auto census = read_census(fake.open(), gpus("nvidia"));
  ASSERT_THAT(census.processes, SizeIs(1));
  EXPECT_EQ(census.processes[0].owner, ProcessOwner{});
  EXPECT_THAT(census.modules, IsEmpty());
}

TEST(Census, KnowsWhetherLibvirtRuns) {
  FakeRoot fake;
  process(fake, "1", "bash", "/dev/pts/1");
  EXPECT_FALSE(libvirt_runs(read_census(fake.open(), {})));
  process(fake, "2", "virtqemud", "/dev/null");
  EXPECT_TRUE(libvirt_runs(read_census(fake.open(), {})));
}

TEST(Census, KeepsAgentsThatHaveNoGpuOpen) {
  FakeRoot fake;
  process(fake, "1", "gpu-kubelet-plu", "/dev/null");
  process(fake, "2", "sh", "/dev/null");
  EXPECT_THAT(read_census(fake.open(), {}).processes, SizeIs(1));
}

TEST(OnlineBlocks, AreThoseOfANodeByTheirZone) {
  FakeRoot fake;
  const auto block = [&](const std::string& number, const std::string& state,
                         const std::string& zones) {
    const std::string home = "/sys/devices/system/memory/memory" + number;
    fake.file(home + "/state", state + '\n');
    fake.file(home + "/valid_zones", zones + '\n');
    fake.link("/sys/devices/system/node/node1/memory" + number,
              "../../memory/memory" + number);
  };
  block("40", "online", "Movable");
  block("33", "online", "Normal");
  block("34", "offline", "Normal Movable");
  fake.file("/sys/devices/system/node/node1/meminfo", "");
  const auto blocks = read_online_blocks(fake.open(), 1);
  EXPECT_THAT(blocks.movable, ElementsAre(40));
  EXPECT_THAT(blocks.other, ElementsAre(33));
}

TEST(ManagerFiles, AreThoseOfDriverctlModprobeAndLibvirt) {
  FakeRoot fake;
  fake.file("/etc/driverctl.d/0009:01:00.0", "nvidia\n");
  fake.file("/etc/driverctl.d/README", "text\n");
  fake.file("/etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:2342\n");
  fake.file("/etc/modprobe.d/vfio.conf.bak", "options vfio-pci ids=10de:1\n");
  fake.file("/etc/libvirt/qemu/grace.xml",
            "<domain><hostdev managed='yes'><source><address domain='9' bus='1'"
            " slot='0' function='0'/></source></hostdev></domain>");
  const auto facts = read_managers(fake.open(), "vfio-pci.ids=10de:2941");
  EXPECT_EQ(facts.driverctl.at(kGpu), "nvidia");
  EXPECT_THAT(facts.vfio_ids,
              ElementsAre(VfioIdClaim{.vendor = 0x10DE,
                                      .device = 0x2941,
                                      .text = "10de:2941",
                                      .place = "/proc/cmdline"},
                          VfioIdClaim{.vendor = 0x10DE,
                                      .device = 0x2342,
                                      .text = "10de:2342",
                                      .place = "/etc/modprobe.d/vfio.conf:1"}));
  ASSERT_THAT(facts.managed, SizeIs(1));
  EXPECT_EQ(facts.managed[0].domain, "grace");
  EXPECT_EQ(facts.managed[0].address, kGpu);
}

}  // namespace
}  // namespace nvgpuctl
