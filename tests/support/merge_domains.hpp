// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "core/domain_merge.hpp"
#include "support/domain_requests.hpp"

// Domains to merge into; each test changes what it is about.

namespace nvgpuctl {

// What people have: a disk, no NUMA, no PCI addresses.
constexpr std::string_view kPlain = R"(<?xml version='1.0'?>
<!-- do not touch -->
<domain type='kvm'>
  <name>guest</name>
  <memory unit='GiB'>64</memory>
  <vcpu placement='static'>16</vcpu>
  <os firmware='efi'>
    <type arch='aarch64' machine='virt'>hvm</type>
  </os>
  <cpu mode='host-passthrough'/>
  <devices>
    <disk type='file' device='disk'>
      <target dev='vda' bus='virtio'/>
    </disk>
    <!-- the last one -->
  </devices>
</domain>
)";

// One that somebody has tuned by hand; <devices> begins in line 23.
constexpr std::string_view kTuned = R"(<domain type="kvm">
	<name>guest</name>
	<memory unit="GiB">64</memory>
	<vcpu>16</vcpu>
	<numatune>
		<memory mode="strict" nodeset="0-1"/>
		<memnode cellid="0" mode="strict" nodeset="1"/>
		<memnode cellid="1" mode="strict" nodeset="0"/>
	</numatune>
	<os firmware="efi"><type arch="aarch64" machine="virt">hvm</type></os>
	<features><acpi/><gic version="3"/></features>
	<cpu mode="host-passthrough">
		<numa>
			<cell id="0" cpus="0-7" memory="32" unit="GiB">
				<distances>
					<sibling id="1" value="30"/>
				</distances>
			</cell>
			<cell id="1" cpus="8-15" memory="32" unit="GiB"/>
		</numa>
	</cpu>
	<clock offset="utc"/>
	<devices>
		<controller type="pci" index="0" model="pcie-root">
			<pcihole64 unit="KiB">1048576</pcihole64>
		</controller>
		<controller type="pci" index="1" model="pcie-root-port">
			<target chassis="3"/>
		</controller>
		<controller type="pci" index="4" model="pcie-expander-bus">
			<target busNr="200"/>
		</controller>
		<interface type="user">
			<address type="pci" domain="0" bus="2" slot="0" function="0"/>
		</interface>
	</devices>
</domain>
)";

constexpr std::string_view kDimm =
    "<memory model='dimm'><target><size unit='GiB'>16</size><node>0</node>"
    "</target></memory>";

inline std::string with(std::string_view text, std::string_view old,
                        std::string_view replacement) {
  std::string out(text);
  const auto at = out.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return out.replace(at, old.size(), replacement);
}

inline Result<MergedDomain> merge(
    std::string_view text, const DomainRequest& request = hopper_request()) {
  auto base = open_for_merge(text, "guest.xml");
  if (!base) {
    return forward_error(base);
  }
  return merge_domain(std::move(*base), request);
}

inline std::string merged(std::string_view text,
                          const DomainRequest& request = hopper_request()) {
  const auto result = merge(text, request);
  if (!result) {
    ADD_FAILURE() << result.error().subject << ": " << result.error().problem;
    return {};
  }
  return result->xml;
}

inline std::string unmerged(std::string_view text) {
  const auto result = unmerge_domain(text, "guest.xml");
  if (!result) {
    ADD_FAILURE() << result.error().subject << ": " << result.error().problem;
    return {};
  }
  return result->xml;
}

inline DomainRequest legacy_request() {
  DomainRequest request = hopper_request();
  request.profile = Profile::legacy;
  request.libvirt.value = {11, 3, 0};
  return request;
}

inline DomainRequest hybrid_request() {
  DomainRequest request = hopper_request();
  request.profile = Profile::hybrid;
  request.libvirt.value = {11, 10, 0};
  request.viommu = Viommu::accel;
  request.iommufd = true;
  return request;
}

// The message as "subject: problem".
inline std::string refusal(std::string_view text,
                           const DomainRequest& request = hopper_request()) {
  const auto result = merge(text, request);
  return result ? "merged"
                : result.error().subject + ": " + result.error().problem;
}

}  // namespace nvgpuctl
