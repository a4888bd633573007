// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/boot_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/gzip.hpp"
#include "host/initramfs.hpp"
#include "support/fake_root.hpp"
#include "support/module_file.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::SizeIs;

constexpr const char* kDkms = "updates/dkms/nvgrace-gpu-vfio-pci.ko";

BootFacts read(const FakeRoot& fake, std::string_view command_line = "") {
  return read_boot_files(fake.open(), "6.17.0", command_line);
}

std::vector<std::string> releases(const BootFacts& facts) {
  std::vector<std::string> all;
  for (const auto& kernel : facts.kernels) {
    all.push_back(kernel.release);
  }
  return all;
}

TEST(BootFiles, ListKernelsTheNewestFirst) {
  FakeRoot fake;
  fake.directory("/lib/modules/6.9.1")
      .directory("/lib/modules/6.17.0")
      .directory("/lib/modules/6.18.0")
      .file("/lib/modules/README", "no kernel");
  const auto facts = read(fake);
  EXPECT_THAT(releases(facts), ElementsAre("6.18.0", "6.17.0", "6.9.1"));
  EXPECT_FALSE(facts.kernels[0].older);
  EXPECT_TRUE(facts.kernels[1].running);
  EXPECT_TRUE(facts.kernels[2].older);
}

TEST(BootFiles, MayAllBeMissing) {
  const FakeRoot fake;
  const auto facts = read(fake);
  EXPECT_THAT(facts.kernels, IsEmpty());
  EXPECT_FALSE(facts.secure_boot);
  EXPECT_FALSE(facts.lockdown);
  EXPECT_FALSE(facts.udev_rule);
}

TEST(BootFiles, SayWhatAKernelHas) {
  FakeRoot fake;
  const std::string home = "/lib/modules/6.17.0/";
  fake.file(home + kDkms, variant_module("6.17.0 SMP"))
      .file(home + "modules.dep", std::string(kDkms) +
                                      ": a.ko\nx/nouveau.ko:\n"
                                      "x/nvidia-drm.ko:\n"
                                      "updates/dkms/nvidia-current.ko.xz:\n")
      .file(home + "modules.alias", "alias vfio_pci:v* m\n")
      .file("/boot/vmlinuz-6.17.0", "")
      .file("/boot/config-6.17.0", "# x\nCONFIG_MODULE_SIG_FORCE=y\n");
  const auto facts = read(fake);
  ASSERT_THAT(facts.kernels, SizeIs(1));
  const auto& kernel = facts.kernels[0];
  EXPECT_EQ(kernel.image, "/boot/vmlinuz-6.17.0");
  ASSERT_THAT(kernel.variants, SizeIs(1));
  EXPECT_EQ(kernel.variants[0].file, kDkms);
  ASSERT_TRUE(kernel.variants[0].info);
  EXPECT_EQ(kernel.variants[0].info->vermagic, "6.17.0 SMP");
  EXPECT_TRUE(kernel.variant_indexed);
  EXPECT_THAT(kernel.host_drivers, ElementsAre("nouveau", "nvidia_current"));
  EXPECT_THAT(kernel.aliases, SizeIs(1));
  EXPECT_EQ(kernel.forces_signatures, true);
  EXPECT_FALSE(kernel.initramfs);
}

TEST(BootFiles, ReadModulesThatArePacked) {
  FakeRoot fake;
  const std::string file = std::string("/lib/modules/6.17.0/") + kDkms;
  fake.file(file + ".gz", *gzip(variant_module("6.17.0 SMP")));
  const auto facts = read(fake);
  ASSERT_THAT(facts.kernels[0].variants, SizeIs(1));
  EXPECT_TRUE(facts.kernels[0].variants[0].info);
  EXPECT_FALSE(facts.kernels[0].variant_indexed);
}

TEST(BootFiles, SayWhyAModuleCannotBeRead) {
  FakeRoot fake;
  fake.file(std::string("/lib/modules/6.17.0/") + kDkms, "BZh9");
  EXPECT_EQ(read(fake).kernels[0].variants[0].problem,
            "not looked into: packed with bzip2");
}

TEST(BootFiles, KnowADriverThatIsBuiltIn) {
  FakeRoot fake;
  fake.file("/lib/modules/6.17.0/modules.builtin",
            "kernel/drivers/vfio/pci/nvgrace-gpu/nvgrace-gpu-vfio-pci.ko\n");
  EXPECT_TRUE(read(fake).kernels[0].variant_built_in);
}

TEST(BootFiles, SayWhatTheFirmwareAndTheKernelEnforce) {
  FakeRoot fake;
  const std::string variable =
      "/sys/firmware/efi/efivars/"
      "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
  fake.file(variable, std::string("\6\0\0\0\1", 5))
      .file("/sys/kernel/security/lockdown",
            "none [integrity] confidentiality\n")
      .file("/sys/module/module/parameters/sig_enforce", "Y\n")
      .file("/proc/keys",
            "1f I------ 1 perm 1f030000 0 0 asymmetri DKMS: 5c: X509.rsa 5c\n");
  const auto facts = read(fake);
  EXPECT_EQ(facts.key_names, std::vector<std::string>{"DKMS: 5c"});
  EXPECT_EQ(facts.secure_boot, true);
  EXPECT_EQ(facts.lockdown, "integrity");
  EXPECT_EQ(facts.enforces_signatures, true);
  fake.file(variable, std::string("\6\0\0\0\0", 5));
  EXPECT_EQ(read(fake).secure_boot, false);
  fake.file(variable, "\6");
  EXPECT_EQ(read(fake).secure_boot, std::nullopt);
}

TEST(BootFiles, GoByTheFolderOfModprobeThatWins) {
  FakeRoot fake;
  fake.file("/etc/modprobe.d/a.conf", "# nothing\n")
      .file("/usr/lib/modprobe.d/a.conf", "blacklist nouveau\n")
      .file("/run/modprobe.d/b.conf", "blacklist nvidia\n")
      .file("/run/modprobe.d/c.txt", "blacklist c\n");
  EXPECT_THAT(read(fake, "module_blacklist=d").rules.kept_off,
              ElementsAre(Key("d"), Key("nvidia")));
}

TEST(BootFiles, KnowUnitsThatAreEnabled) {
  FakeRoot fake;
  const std::string home = "/etc/systemd/system/";
  fake.file(home + "multi-user.target.wants/nvgpuctl-apply.service", "")
      .file(home + "multi-user.target.wants/ssh.service", "")
      .file(home + "a.requires/nvgpuctl-apply.service", "")
      .file(home + "nvgpuctl-recover.service", "")
      .file("/usr/lib/udev/rules.d/70-nvgpuctl.rules", "");
  const auto facts = read(fake);
  EXPECT_THAT(facts.enabled_units, ElementsAre("nvgpuctl-apply.service"));
  EXPECT_TRUE(facts.udev_rule);
}

TEST(BootFiles, KnowWhatIsMasked) {
  FakeRoot fake;
  const std::string home = "/etc/systemd/system/";
  fake.file(home + "multi-user.target.wants/nvgpuctl-apply.service", "")
      .file(home + "multi-user.target.wants/nvgpuctl-recover.service", "")
      .link(home + "nvgpuctl-apply.service", "/dev/null")
      .link("/run/systemd/system/nvgpuctl-recover.service", "../../../dev/null")
      .link("/etc/udev/rules.d/70-nvgpuctl.rules", "/dev/null")
      .file("/usr/lib/udev/rules.d/70-nvgpuctl.rules", "");
  const auto facts = read(fake);
  EXPECT_THAT(facts.enabled_units, IsEmpty());
  EXPECT_FALSE(facts.udev_rule);
}

const std::vector<CpioEntry> kImage{
    {"init", "#!"},
    {"usr/lib/modules/6.17.0/kernel/nvidia.ko.xz", ""},
    {"usr/lib/modules/6.17.0/kernel/nvidia-drm.ko.xz", ""},
    {"lib/modules/6.17.0/nouveau.ko", ""},
    {"etc/modprobe.d/a.conf", "blacklist nouveau\n"},
    {"etc/modprobe.d/deep/b.conf", "blacklist nvidia\n"}};

InitramfsFacts look(const std::string& image) {
  FakeRoot fake;
  fake.file("/boot/initrd.img-6.17.0", image);
  const auto root = fake.open();
  const auto path = find_initramfs(root, "6.17.0");
  EXPECT_EQ(path, "/boot/initrd.img-6.17.0");
  return look_into_initramfs(root, *path);
}

TEST(Initramfs, IsLookedIntoBehindAnEarlyArchive) {
  const auto facts = look(write_cpio({{"kernel/x86/microcode", "12"}}) +
                          std::string(512, '\0') + *gzip(write_cpio(kImage)));
  EXPECT_EQ(facts.problem, "");
  EXPECT_THAT(facts.modules, ElementsAre("nouveau", "nvidia"));
  EXPECT_THAT(facts.rules.kept_off, ElementsAre(Key("nouveau")));
}

TEST(Initramfs, HasFilesOfModprobeThatHideOthers) {
  const std::vector<CpioEntry> image{
      {"lib/modules/6.17.0/nouveau.ko", ""},
      {"usr/lib/modprobe.d/a.conf", "blacklist nouveau\n"},
      {"etc/modprobe.d/a.conf", "# masked\n"},
      {"etc/modprobe.d/b.conf", "blacklist nvidia\n"}};
  EXPECT_THAT(look(write_cpio(image)).rules.kept_off,
              ElementsAre(Key("nvidia")));
}

TEST(Initramfs, MayBePlain) {
  EXPECT_THAT(look(write_cpio(kImage)).modules,
              ElementsAre("nouveau", "nvidia"));
}

TEST(Initramfs, MayBePackedInSeveralStreams) {
  const auto image = write_cpio(kImage);
  EXPECT_THAT(
      look(*gzip(image.substr(0, 100)) + *gzip(image.substr(100))).modules,
      ElementsAre("nouveau", "nvidia"));
}

TEST(Initramfs, SaysWhyItIsNotLookedInto) {
  EXPECT_EQ(look("BZh9").problem, "not looked into: packed with bzip2");
  EXPECT_EQ(look("").problem, "not looked into: is empty");
  EXPECT_EQ(look(write_cpio(kImage).substr(0, 200)).problem,
            "ends in the middle of an archive");
  EXPECT_EQ(look(*gzip("text")).problem,
            "what is packed in it is not a cpio archive");
}

TEST(Initramfs, IsFoundByTheNamesOfOtherDistributions) {
  FakeRoot fake;
  fake.file("/boot/initramfs-6.17.0.img", "").file("/boot/initrd-6.18.0", "");
  EXPECT_EQ(find_initramfs(fake.open(), "6.17.0"),
            "/boot/initramfs-6.17.0.img");
  EXPECT_EQ(find_initramfs(fake.open(), "6.18.0"), "/boot/initrd-6.18.0");
  EXPECT_EQ(find_initramfs(fake.open(), "6.19.0"), std::nullopt);
}

}  // namespace
}  // namespace nvgpuctl
