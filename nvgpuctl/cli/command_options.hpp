// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <string_view>

#include "cli/command.hpp"
#include "core/stack_notes.hpp"

// The options of the command table in command.cpp. Not for others.

namespace nvgpuctl::cli {

constexpr std::array<std::string_view, 6> kFormats{"table", "wide", "json",
                                                   "jsonl", "yaml", "svg"};
constexpr std::array<std::string_view, 3> kColors{"auto", "always", "never"};
constexpr std::array<std::string_view, 3> kShells{"bash", "zsh", "fish"};
constexpr std::array<std::string_view, 4> kProfiles{"auto", "native", "hybrid",
                                                    "legacy"};
constexpr std::array<std::string_view, 4> kViommus{"auto", "none", "smmuv3",
                                                   "accel"};
constexpr std::array<std::string_view, 2> kYesNo{"yes", "no"};
constexpr std::array<std::string_view, 1> kWriteForce{"write"};
constexpr std::array<std::string_view, 1> kUseForce{"in-use"};

constexpr OptionSpec kAll{.name = "--all", .help = "Every GPU of this host"};

constexpr std::array kCommonOptions{
    OptionSpec{.name = "-o,--output",
               .kind = OptionKind::choice,
               .metavar = "FORMAT",
               .help = "How to print the result (svg: topology only)",
               .choices = kFormats},
    OptionSpec{.name = "--root",
               .kind = OptionKind::value,
               .metavar = "PATH",
               .help = "Work on a recorded host: a folder, or a report's file"},
    OptionSpec{.name = "--color",
               .kind = OptionKind::choice,
               .metavar = "WHEN",
               .help = "Colours; auto is on a terminal, unless NO_COLOR is set",
               .choices = kColors},
    OptionSpec{.name = "-h,--help", .help = "Explain a verb"},
    OptionSpec{.name = "--version", .help = "Print the version"},
};

constexpr std::array kListOptions{
    OptionSpec{.name = "--addresses",
               .help = "Only the PCI addresses, one per line"},
};

constexpr std::array kAllOptions{kAll};

constexpr std::array kValidateOptions{
    kAll,
    OptionSpec{.name = "--write-test",
               .help = "Also write a few words of usable memory, and put them "
                       "back; needs --force=write"},
    OptionSpec{.name = "--force",
               .kind = OptionKind::choice,
               .metavar = "WHAT",
               .help = "Allow what could do harm, for --write-test",
               .choices = kWriteForce},
};

constexpr OptionSpec kDryRun{
    .name = "--dry-run",
    .help = "Print the plan, word for word, and change nothing"};
constexpr OptionSpec kLockTimeout{
    .name = "--lock-timeout",
    .kind = OptionKind::value,
    .metavar = "SECONDS",
    .help = "How long to wait for another nvgpuctl; default: 120"};

constexpr OptionSpec kNoValidate{
    .name = "--no-validate",
    .help = "Do not open the bound device to see whether it works"};

constexpr OptionSpec kWriteTimeout{
    .name = "--write-timeout",
    .kind = OptionKind::value,
    .metavar = "SECONDS",
    .help = "How long the kernel may take to change a driver; default: 60"};

constexpr OptionSpec kForce{
    .name = "--force",
    .kind = OptionKind::choice,
    .metavar = "WHAT",
    .help =
        "in-use: change the driver although processes use the GPU; never "
        "under a running virtual machine",
    .choices = kUseForce};

constexpr std::array kBindOptions{
    kAll,
    kDryRun,
    kLockTimeout,
    kWriteTimeout,
    kForce,
    OptionSpec{.name = "--quiesce",
               .help = "Stop NVIDIA's and the policy's services and take GPU "
                       "memory offline"},
    kNoValidate,
};

constexpr std::array kUnbindOptions{kAll, kDryRun, kLockTimeout, kWriteTimeout,
                                    kForce};

constexpr std::array kRecoverOptions{kLockTimeout, kWriteTimeout};

constexpr OptionSpec kFile{.name = "-f,--file",
                           .kind = OptionKind::value,
                           .metavar = "FILE",
                           .help =
                               "The policy, - for standard input; default: "
                               "/etc/nvgpuctl/policy.yaml"};

constexpr std::array kPolicyOptions{kAll, kFile};

constexpr std::array kApplyOptions{
    kAll,
    kDryRun,
    kFile,
    kLockTimeout,
    kWriteTimeout,
    kNoValidate,
    OptionSpec{.name = "--boot",
               .help = "Act as at boot: skip GPUs whose rule says at-boot: "
                       "leave, and change the others one by one"},
};

constexpr OptionSpec kGpu{
    .name = "--gpu",
    .kind = OptionKind::repeated,
    .metavar = "GPU",
    .help = "A GPU for the domain; may be given several times"};
constexpr OptionSpec kLibvirt{
    .name = "--libvirt",
    .kind = OptionKind::value,
    .metavar = "X.Y",
    .help = "Write for this libvirt, not for the host's own"};
constexpr OptionSpec kQemu{
    .name = "--qemu",
    .kind = OptionKind::value,
    .metavar = "X.Y",
    .help = "Write for this QEMU, not for the host's own"};
constexpr OptionSpec kProfile{
    .name = "--profile",
    .kind = OptionKind::choice,
    .metavar = "PROFILE",
    .help =
        "How much is said in libvirt's own words; auto goes by "
        "the versions",
    .choices = kProfiles};
constexpr OptionSpec kViommu{.name = "--viommu",
                             .kind = OptionKind::choice,
                             .metavar = "KIND",
                             .help = "The IOMMU that the guest sees",
                             .choices = kViommus};
constexpr OptionSpec kManaged{.name = "--managed",
                              .kind = OptionKind::choice,
                              .metavar = "WHETHER",
                              .help =
                                  "Let libvirt bind and unbind the GPUs; "
                                  "default: what the policy says, or no",
                              .choices = kYesNo};
constexpr OptionSpec kSchema{
    .name = "--schema",
    .kind = OptionKind::value,
    .metavar = "FILE",
    .help = "Check against this domain.rng, not the installed one"};

constexpr std::array kGenerateOptions{
    kGpu,
    kAll,
    OptionSpec{.name = "--vcpus",
               .kind = OptionKind::value,
               .metavar = "N",
               .help = "Virtual CPUs of the domain"},
    OptionSpec{.name = "--memory",
               .kind = OptionKind::value,
               .metavar = "SIZE",
               .help = "Memory of the domain, with its unit: 64GiB"},
    kLibvirt,
    kQemu,
    kProfile,
    kViommu,
    kManaged,
    OptionSpec{.name = "--for",
               .kind = OptionKind::choice,
               .metavar = "STACK",
               .help = "Say which parts KubeVirt or Nova creates itself, and "
                       "which it cannot",
               .choices = kStackNames},
    OptionSpec{.name = "--whole-domain",
               .help = "A complete, bootable domain, not a fragment"},
    OptionSpec{.name = "--name",
               .kind = OptionKind::value,
               .metavar = "NAME",
               .help = "Name of the whole domain"},
    kSchema,
    OptionSpec{.name = "--split",
               .kind = OptionKind::value,
               .metavar = "DIR",
               .help = "Write each part of the fragment to a new file in DIR"},
};

constexpr OptionSpec kDomain{.name = "--domain",
                             .kind = OptionKind::value,
                             .metavar = "NAME",
                             .help =
                                 "A domain of this host's libvirt, by its "
                                 "name or UUID"};
constexpr OptionSpec kDefine{
    .name = "--define",
    .help = "Define the domain anew instead of printing it, and read it back"};
constexpr OptionSpec kDiff{.name = "--diff",
                           .help = "Print what changes, not the whole domain"};

constexpr OptionSpec kPieces{
    .name = "--pieces",
    .kind = OptionKind::value,
    .metavar = "DIR",
    .help = "Write each device to a new file in DIR, for virsh attach-device"};

constexpr std::array kMergeOptions{kGpu,    kAll,     kDomain, kDefine,
                                   kDiff,   kLibvirt, kQemu,   kProfile,
                                   kViommu, kManaged, kSchema, kPieces};

constexpr std::array kUnmergeOptions{kDomain, kDefine, kDiff};
constexpr std::array kLintOptions{
    OptionSpec{.name = "--all", .help = "Every domain that libvirt knows"},
    OptionSpec{.name = "--fix",
               .help = "Print the domain with everything corrected that cannot "
                       "do harm"},
    OptionSpec{.name = "--guest-nodes",
               .kind = OptionKind::value,
               .metavar = "N",
               .help = "How many NUMA nodes the guest's kernel can have"},
    OptionSpec{.name = "--guest-nodes-shift",
               .kind = OptionKind::value,
               .metavar = "N",
               .help = "The same, as its CONFIG_NODES_SHIFT"},
    OptionSpec{.name = "--libvirt",
               .kind = OptionKind::value,
               .metavar = "X.Y",
               .help = "Judge for this libvirt, not for the host's own"},
    OptionSpec{.name = "--qemu",
               .kind = OptionKind::value,
               .metavar = "X.Y",
               .help = "Judge for this QEMU, not for the host's own"},
    OptionSpec{.name = "--schema",
               .kind = OptionKind::value,
               .metavar = "FILE",
               .help = "Check against this domain.rng, not the installed one"},
};

constexpr std::array kDoctorOptions{
    OptionSpec{.name = "--boot",
               .help = "What each installed kernel would do with the GPUs"},
};

constexpr std::array kMonitorOptions{
    kAll,
    OptionSpec{.name = "--count",
               .kind = OptionKind::value,
               .metavar = "N",
               .help = "End after so many events"},
    OptionSpec{.name = "--timeout",
               .kind = OptionKind::value,
               .metavar = "SECONDS",
               .help = "End after so long, with success"},
};

constexpr std::array kReportOptions{
    OptionSpec{.name = "--dry-run",
               .help = "Print the paths that would go in, and write nothing"},
    OptionSpec{.name = "--no-redact",
               .help = "Leave names, UUIDs, addresses and serials as they are"},
    OptionSpec{.name = "--html",
               .help = "Write a page for a browser instead: picture, GPUs, "
                       "findings, and what was read"},
};

}  // namespace nvgpuctl::cli
