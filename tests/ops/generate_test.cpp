// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/generate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_root.hpp"
#include "support/sample_host.hpp"
#include "support/tiny_schemas.hpp"
#include "support/xpath.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* kSchemas = "/usr/share/libvirt/schemas/";

class Generation : public testing::Test {
 protected:
  Result<Generated> generate() {
    const Inventory inventory{host_, assemble(host_), {}, {}};
    return nvgpuctl::generate(fake_.open(), inventory, {0}, options_);
  }
  // Of what must succeed.
  Generated generated() {
    auto result = generate();
    EXPECT_TRUE(result) << result.error().problem;
    return result ? std::move(*result) : Generated{};
  }
  std::vector<std::string> selected(const std::string& expression) {
    options_.whole_domain = true;
    return xpath(generated().domain.xml, expression);
  }
  void target(Version libvirt, Version qemu) {
    options_.libvirt = libvirt;
    options_.qemu = qemu;
  }
  void install_schema(const char* text) {
    fake_.file(std::string(kSchemas) + "domain.rng", text);
  }

  FakeRoot fake_;
  HostSnapshot host_ = gh200_host();
  GenerateOptions options_;
};

TEST_F(Generation, AsksForTheVersionsWhenNobodyKnowsThem) {
  host_.virtualization.libvirt.reset();
  const auto result = generate();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::not_found);
  EXPECT_EQ(result.error().subject, "libvirt");
  EXPECT_EQ(result.error().problem, "its version is not known");
  EXPECT_EQ(result.error().hint,
            "say which versions the domain is for: --libvirt X.Y --qemu X.Y");
}

TEST_F(Generation, SaysWhyTheHostDoesNotKnowAVersion) {
  host_.virtualization.qemu.reset();
  host_.virtualization.libvirt_problem = "libvirt does not answer";
  const auto result = generate();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().subject, "QEMU");
  EXPECT_EQ(result.error().problem, "libvirt does not answer");
}

TEST_F(Generation, NeedsNoVersionsOfTheHostBesideOptions) {
  host_.virtualization.libvirt.reset();
  host_.virtualization.qemu.reset();
  target({12, 8, 0}, {11, 1, 0});
  EXPECT_EQ(generated().profile, Profile::native);
}

TEST_F(Generation, TakesVersionsOfOptionsBeforeTheHosts) {
  target({9, 7, 0}, {10, 0, 0});
  EXPECT_EQ(generated().profile, Profile::legacy);
  target({12, 0, 0}, {10, 1, 0});
  EXPECT_EQ(generated().profile, Profile::hybrid);
}

TEST_F(Generation, RefusesVersionsThatAreTooOld) {
  target({9, 0, 0}, {10, 0, 0});
  const auto result = generate();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unsupported);
  EXPECT_EQ(result.error().subject, "libvirt 9.0.0");
}

TEST_F(Generation, TakesTheWantedProfile) {
  options_.profile = Profile::legacy;
  EXPECT_EQ(generated().profile, Profile::legacy);
}

TEST_F(Generation, RefusesAProfileThatTheTargetCannotHave) {
  target({11, 8, 0}, {10, 1, 0});
  options_.profile = Profile::native;
  const auto result = generate();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unsupported);
  EXPECT_EQ(result.error().problem, "does not know all of the native profile");
}

TEST_F(Generation, AcceleratesTheSmmuWhereEverythingCan) {
  EXPECT_THAT(selected("//iommu/driver/@accel"), ElementsAre("on"));
  EXPECT_THAT(selected("//hostdev/driver/@iommufd"), ElementsAre("yes"));
}

TEST_F(Generation, HasNoSmmuWhereTheKernelHasNoIommufd) {
  host_.virtualization.dev_iommu = false;
  EXPECT_THAT(selected("//iommu"), IsEmpty());
  EXPECT_THAT(selected("//hostdev/driver/@iommufd"), IsEmpty());
}

TEST_F(Generation, HasNoSmmuWhereQemuCannotAccelerateIt) {
  target({12, 8, 0}, {10, 2, 0});
  EXPECT_THAT(selected("//iommu"), IsEmpty());
  EXPECT_THAT(selected("//hostdev/driver/@iommufd"), ElementsAre("yes"))
      << "which does not need an SMMU";
}

TEST_F(Generation, HasTheWantedSmmu) {
  options_.viommu = Viommu::none;
  EXPECT_THAT(selected("//iommu"), IsEmpty());
  options_.viommu = Viommu::smmuv3;
  EXPECT_THAT(selected("//iommu/@model"), ElementsAre("smmuv3"));
  EXPECT_THAT(selected("//iommu/driver/@accel"), IsEmpty());
}

TEST_F(Generation, TakesSizesNameAndManagementFromOptions) {
  options_.vcpus = 4;
  options_.memory_bytes = 8 * kGiB;
  options_.name = "mine";
  options_.managed = true;
  EXPECT_THAT(selected("/domain/vcpu"), ElementsAre("4"));
  EXPECT_THAT(selected("/domain/memory"), ElementsAre("8192"));
  EXPECT_THAT(selected("/domain/name"), ElementsAre("mine"));
  EXPECT_THAT(selected("//hostdev/@managed"), ElementsAre("yes"));
}

constexpr const char* kPolicy =
    "apiVersion: nvgpuctl/v1\nkind: Policy\ngpus:\n"
    "  - match: {address: \"0009:01:00.0\"}\n"
    "    driver: variant\n    managed: yes\n    domains: [alpha]\n";

TEST_F(Generation, LeavesOtherGpusAloneWithWhatThePolicySaysOfOne) {
  fake_.file("/etc/nvgpuctl/policy.yaml", kPolicy);
  auto second = host_.gpus[0];
  second.address = {0x19, 1, 0, 0};
  host_.gpus.push_back(second);
  const Inventory inventory{host_, assemble(host_), {}, {}};
  ASSERT_EQ(inventory.gpus.size(), 2U);
  const auto result =
      nvgpuctl::generate(fake_.open(), inventory, {0, 1}, options_);
  ASSERT_TRUE(result) << result.error().problem;
  EXPECT_THAT(xpath(result->domain.xml, "//hostdev/@managed"),
              ElementsAre("yes", "no"));
}

TEST_F(Generation, IsHeldAgainstThePolicyByItsName) {
  fake_.file("/etc/nvgpuctl/policy.yaml", kPolicy);
  options_.whole_domain = true;
  EXPECT_EQ(generate().error().subject, "grace-guest");
  options_.name = "alpha";
  EXPECT_TRUE(generate());
  options_.name.clear();
  options_.whole_domain = false;  // a fragment is for any domain
  EXPECT_TRUE(generate());
}

TEST_F(Generation, HasDefaultsForSizes) {
  EXPECT_THAT(selected("/domain/vcpu"), ElementsAre("16"));
  EXPECT_THAT(selected("/domain/memory"), ElementsAre("65536"));
  EXPECT_THAT(selected("//hostdev/@managed"), ElementsAre("no"));
}

TEST_F(Generation, DisarmsWhatAHostileCaptureNames) {
  host_.gpus[0].smmu = "evil\x1b[31m\xC2\x9B\r\x7f.--\x07";
  options_.viommu = Viommu::smmuv3;
  const auto xml = generated().domain.xml;
  EXPECT_THAT(xml, HasSubstr("behind the host's evil?[31m???.- -? -->"));
  EXPECT_THAT(xml, Not(HasSubstr("\x1b")));
}

TEST_F(Generation, WarnsOfAGpuThatIsBlockedNow) {
  host_.gpus[0].iommu_group.reset();
  EXPECT_THAT(generated().domain.warnings,
              ElementsAre("0009:01:00.0 is blocked now (NVG-E030 "
                          "no-iommu-group): the domain will not work until "
                          "that is cured"));
}

TEST_F(Generation, IsRefusedWhenTheMemoryIsNotKnown) {
  host_.acpi.dsds.clear();
  const auto result = generate();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::not_viable);
  EXPECT_EQ(result.error().subject, "0009:01:00.0");
  EXPECT_EQ(result.error().hint, "nvgpuctl explain 0009:01:00.0 says why");
}

TEST_F(Generation, SaysThatThereIsNoSchema) {
  const auto result = generated();
  EXPECT_FALSE(result.validated);
  EXPECT_EQ(result.schema_note,
            "not validated: there is no libvirt schema on this host; --schema "
            "FILE names one");
}

TEST_F(Generation, IsValidatedByTheHostsSchema) {
  install_schema(kAnything);
  const auto result = generated();
  EXPECT_TRUE(result.validated);
  EXPECT_EQ(result.schema_note,
            "valid by /usr/share/libvirt/schemas/domain.rng");
  EXPECT_THAT(result.domain.xml, HasSubstr("fragment"))
      << "a fragment is checked as a domain, and handed out as it is";
}

TEST_F(Generation, IsValidatedByTheGivenSchemaInsteadOfTheHosts) {
  install_schema(kNothing);
  options_.schema = fake_.file("/mine/domain.rng", kAnything)
                        .path("/mine/domain.rng")
                        .string();
  const auto result = generated();
  EXPECT_TRUE(result.validated);
  EXPECT_EQ(result.schema_note, "valid by " + options_.schema);
}

TEST_F(Generation, IsNotHandedOutWithoutTheSchemaThatWasGiven) {
  options_.schema = fake_.path("/nowhere/domain.rng").string();
  const auto result = generate();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::not_found);
}

TEST_F(Generation, IsNotHandedOutWhenTheGivenSchemaIsNone) {
  options_.schema =
      fake_.file("/mine/domain.rng", "<oops").path("/mine/domain.rng").string();
  const auto result = generate();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::malformed);
  EXPECT_EQ(result.error().subject, options_.schema);
}

TEST_F(Generation, IsNotHandedOutWhenTheHostsSchemaIsNone) {
  install_schema("<oops");
  const auto result = generate();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().subject, "/usr/share/libvirt/schemas/domain.rng");
}

TEST_F(Generation, IsNotJudgedByASchemaThatIsTooOldForIt) {
  install_schema(kNothing);
  const auto result = generated();
  EXPECT_FALSE(result.validated);
  EXPECT_THAT(result.schema_note,
              StartsWith("not validated by /usr/share/libvirt/schemas/"
                         "domain.rng: schema too old for this domain: it has "
                         "no "));
}

TEST_F(Generation, IsNotHandedOutWhenTheSchemaRefusesIt) {
  install_schema(kNothing);
  target({9, 7, 0}, {10, 0, 0});  // nothing in it is newer than any schema
  const auto result = generate();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::malformed);
  EXPECT_EQ(result.error().subject, "generated domain");
  EXPECT_THAT(result.error().problem,
              StartsWith("/usr/share/libvirt/schemas/domain.rng refuses it: "));
}

}  // namespace
}  // namespace nvgpuctl
