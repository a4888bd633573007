// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/command.hpp"

#include <algorithm>
#include <array>

#include "cli/verbs.hpp"
#include "core/emit.hpp"

namespace nvgpuctl::cli {
namespace {

using std::string_view;

constexpr std::array<string_view, 6> kFormats{"table", "wide", "json",
                                              "jsonl", "yaml", "svg"};
constexpr std::array<string_view, 3> kColors{"auto", "always", "never"};
constexpr std::array<string_view, 3> kShells{"bash", "zsh", "fish"};
constexpr std::array<string_view, 4> kProfiles{"auto", "native", "hybrid",
                                               "legacy"};
constexpr std::array<string_view, 4> kViommus{"auto", "none", "smmuv3",
                                              "accel"};
constexpr std::array<string_view, 2> kYesNo{"yes", "no"};
constexpr std::array<string_view, 1> kWriteForce{"write"};
constexpr std::array<string_view, 1> kUseForce{"in-use"};

constexpr OptionSpec kAll{.name = "--all", .help = "Every GPU of this host"};

constexpr std::array kCommonOptions{
    OptionSpec{.name = "-o,--output",
               .kind = OptionKind::choice,
               .metavar = "FORMAT",
               .help = "How to print the result",
               .choices = kFormats},
    OptionSpec{.name = "--root",
               .kind = OptionKind::value,
               .metavar = "DIR",
               .help = "Work on the recorded host below DIR, or in a report"},
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
               .help = "Stop NVIDIA's services and take GPU memory offline"},
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

constexpr std::array kPolicyOptions{kFile};

constexpr std::array kApplyOptions{
    kDryRun,
    kFile,
    kLockTimeout,
    kWriteTimeout,
    kNoValidate,
    OptionSpec{.name = "--boot",
               .help = "As at boot: leave alone what the policy says so of, "
                       "and change each GPU by itself"},
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
constexpr OptionSpec kManaged{
    .name = "--managed",
    .kind = OptionKind::choice,
    .metavar = "WHETHER",
    .help = "Let libvirt bind and unbind the GPUs; default: no",
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
    OptionSpec{.name = "--whole-domain",
               .help = "A complete, bootable domain, not a fragment"},
    OptionSpec{.name = "--name",
               .kind = OptionKind::value,
               .metavar = "NAME",
               .help = "Name of the domain"},
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

constexpr std::array kReportOptions{
    OptionSpec{.name = "--dry-run",
               .help = "Print the paths that would go in, and write nothing"},
    OptionSpec{.name = "--no-redact",
               .help = "Leave names, UUIDs, addresses and serials as they are"},
};

constexpr std::array kCommands{
    Command{.name = "list",
            .summary = "List the Grace GPUs of this host",
            .details = "This is also what nvgpuctl does without a verb. A host "
                       "without such a GPU gives an empty list and success.",
            .operands = Operands::none,
            .options = kListOptions,
            .run = run_list},
    Command{.name = "show",
            .summary = "Show everything that is known about a GPU",
            .details =
                "Each fact is followed by where it was read. Facts that could "
                "not be read are shown as \"-\".",
            .operands = Operands::required_gpus,
            .options = kAllOptions,
            .run = run_show},
    Command{.name = "explain",
            .summary = "Explain why a GPU can or cannot be passed through",
            .details =
                "Without a GPU, all are explained. Each finding has a stable "
                "ID, what was seen, where to look, and what to do.",
            .operands = Operands::optional_gpus,
            .run = run_explain},
    Command{.name = "validate",
            .summary = "Check a GPU from firmware to memory mapping",
            .details =
                "Compares what firmware, the PCI function, the NUMA topology "
                "and VFIO say about the GPU's coherent memory, and prints the "
                "regions that a guest will see. The device of a bound GPU that "
                "nobody uses is opened, which resets it, and only read.",
            .operands = Operands::required_gpus,
            .options = kValidateOptions,
            .run = run_validate},
    Command{.name = "bind",
            .summary = "Give GPUs to their VFIO variant driver",
            .details =
                "All GPUs of a command are one transaction: its journal is "
                "written first, every write is read back, each GPU is then "
                "validated through VFIO, and the first failure brings all of "
                "them back to what they were. A GPU that somebody uses is "
                "refused, with who it is and in which order to stop them.",
            .operands = Operands::required_gpus,
            .options = kBindOptions,
            .run = run_bind},
    Command{.name = "unbind",
            .summary = "Give GPUs back to the host",
            .details =
                "Restores driver and override that a GPU had when it was "
                "bound. Without a record of that, clears an override to a VFIO "
                "driver and lets the kernel choose; an override to any other "
                "driver stays. Starts again what --quiesce had stopped. One "
                "transaction, as with bind.",
            .operands = Operands::required_gpus,
            .options = kUnbindOptions,
            .run = run_unbind},
    Command{.name = "recover",
            .summary = "Finish or take back what a crash has left",
            .details =
                "Reads the journal of a change that a kill, a crash or a power "
                "loss ended, and finishes it when all of its GPUs had arrived, "
                "or brings them back. A journal that cannot be used is kept "
                "aside. Every bind and unbind begins with the same.",
            .operands = Operands::none,
            .options = kRecoverOptions,
            .run = run_recover},
    Command{.name = "diff",
            .summary = "Show what the policy would change",
            .details =
                "Compares each GPU with its rule in the policy "
                "(nvgpuctl-policy.yaml(5)) and prints those that differ: what "
                "is and what is wanted. Exit code 0: none; 3: some.",
            .operands = Operands::optional_gpus,
            .options = kPolicyOptions,
            .run = run_diff},
    Command{.name = "apply",
            .summary = "Make the host what the policy wants",
            .details =
                "Carries out what diff shows, as one transaction like bind. "
                "Nothing to do is success. A GPU that a rule names and that is "
                "not there keeps nobody from the others; one that cannot be "
                "changed does.",
            .operands = Operands::optional_gpus,
            .options = kApplyOptions,
            .run = run_apply},
    Command{.name = "assert",
            .summary = "Check that the host is what the policy wants",
            .details =
                "For health checks: every GPU with its verdict and the "
                "reasons. Exit code 0: all is as wanted; 3: something differs "
                "or is not there; 9: bound as wanted, and a GPU does not have "
                "its memory. Opens and changes nothing.",
            .operands = Operands::optional_gpus,
            .options = kPolicyOptions,
            .run = run_assert},
    Command{.name = "export",
            .summary = "Print the present state as a policy",
            .details =
                "A policy that names each GPU and that diff finds no "
                "difference from; add to it what else the host is to have.",
            .operands = Operands::optional_gpus,
            .run = run_export},
    Command{.name = "xml generate",
            .summary = "Write the libvirt domain XML for GPUs",
            .details =
                "Prints a <nvgpuctl:fragment> whose parts belong into an "
                "existing domain, or a complete domain. Versions, sizes and "
                "distances are the host's own where no option says otherwise; "
                "a comment beside each value says where it comes from.",
            .operands = Operands::required_gpus,
            .options = kGenerateOptions,
            .run = run_xml_generate},
    Command{.name = "xml merge",
            .summary = "Merge GPUs into an existing libvirt domain",
            .details =
                "Reads the domain from libvirt or from a file (- is standard "
                "input) and prints it with all that the GPUs need; everything "
                "else stays as it is. The GPUs that are named are all that the "
                "domain has afterwards: those of an earlier merge are taken "
                "out. Refuses what cannot work, and says where.",
            .operands = Operands::optional_file,
            .options = kMergeOptions,
            .run = run_xml_merge},
    Command{.name = "xml unmerge",
            .summary = "Take out of a domain what xml merge has added",
            .details =
                "Puts back what was changed. A domain without a merge is "
                "printed as it is.",
            .operands = Operands::optional_file,
            .options = kUnmergeOptions,
            .run = run_xml_unmerge},
    Command{.name = "xml lint",
            .summary = "Check whether a domain is right for this host",
            .details =
                "Looks for what libvirt takes without a word and QEMU or the "
                "guest trips over. A word with a slash or ending in .xml is a "
                "file, - is standard input, any other word is a domain of "
                "libvirt, whose inactive XML is read. Each finding has a "
                "stable ID, which docs/lint.md explains.",
            .operands = Operands::one_domain,
            .options = kLintOptions,
            .run = run_xml_lint},
    Command{.name = "doctor",
            .summary = "Check whether this host is ready to pass GPUs through",
            .details =
                "Looks at the kernel, IOMMU, KVM, modules, libvirt and QEMU.",
            .operands = Operands::none,
            .run = run_doctor},
    Command{.name = "emit",
            .summary = "Write this host's GPUs for another tool to read",
            .details =
                "Prints the file that KubeVirt, Nova, OpenNebula, Ansible, "
                "Node Feature Discovery, Prometheus or a container runtime "
                "(cdi) reads. docs/emit.md says where it goes and what its "
                "reader cannot do.",
            .operands = Operands::one_choice,
            .choices = kEmitTargetNames,
            .run = run_emit},
    Command{.name = "hook qemu",
            .summary = "What libvirt's qemu hook calls",
            .details =
                "Before a domain starts, binds its GPUs and proves that they "
                "work; afterwards gives them back, as the policy in "
                "/etc/nvgpuctl/policy.yaml says. The domain's XML comes on "
                "standard input. Anything else succeeds at once.",
            .operands = Operands::hook_words,
            .run = run_hook_qemu},
    Command{.name = "hook udev",
            .summary = "What the udev rule calls",
            .details =
                "Prints what driver_override is to be for a GPU that has no "
                "driver yet and is given one by the policy, so that nobody "
                "else takes it first. Changes nothing.",
            .operands = Operands::hook_words,
            .run = run_hook_udev},
    Command{.name = "topology",
            .summary = "Draw this host: sockets, NUMA nodes, PCI, GPUs",
            .details = "As text, and with -o svg as a picture in one file.",
            .operands = Operands::none,
            .run = run_topology,
            .draws = true},
    Command{.name = "report",
            .summary = "Write a redacted recording of this host",
            .details =
                "One archive, nvgpuctl-report.tar.gz if no FILE is named, with "
                "the files that this program reads and nothing else. Every "
                "verb works on it: --root FILE. Aliases stand for whatever "
                "names the machine. - is standard output.",
            .operands = Operands::optional_file,
            .options = kReportOptions,
            .run = run_report},
    Command{.name = "completion",
            .summary = "Print the completion script for a shell",
            .details = "For bash: source <(nvgpuctl completion bash)",
            .operands = Operands::one_choice,
            .choices = kShells,
            .run = run_completion},
    Command{.name = "version",
            .summary = "Print the version",
            .details =
                "As JSON it also describes the interface: verbs, options and "
                "exit codes.",
            .operands = Operands::none,
            .run = run_version},
};

}  // namespace

std::span<const Command> commands() {
  return kCommands;
}

bool takes_gpus(const Command& command) {
  return command.operands == Operands::optional_gpus ||
         command.operands == Operands::required_gpus;
}

bool takes_file(const Command& command) {
  return command.operands == Operands::one_domain ||
         command.operands == Operands::optional_file;
}

const Command* find_command(std::string_view name) {
  const auto* found =
      std::find_if(kCommands.begin(), kCommands.end(),
                   [&](const auto& command) { return command.name == name; });
  return found == kCommands.end() ? nullptr : found;
}

std::span<const OptionSpec> common_options() {
  return kCommonOptions;
}

std::string_view long_name(const OptionSpec& option) {
  return option.name.substr(option.name.find("--"));
}

bool Arguments::has(std::string_view option) const {
  return options.find(option) != options.end();
}

std::optional<std::string> Arguments::value(std::string_view option) const {
  const auto& given = values(option);
  return given.empty() ? std::nullopt : std::optional(given.front());
}

const std::vector<std::string>& Arguments::values(
    std::string_view option) const {
  static const std::vector<std::string> none;
  const auto found = options.find(option);
  return found == options.end() ? none : found->second;
}

}  // namespace nvgpuctl::cli
