// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/command.hpp"

#include <algorithm>
#include <array>

#include "cli/command_options.hpp"
#include "cli/verbs.hpp"
#include "core/emit.hpp"

namespace nvgpuctl::cli {
namespace {

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
            .options = kAllOptions,
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
            .summary = "Finish or undo a change that a crash interrupted",
            .details =
                "Reads the journal of a change that a kill, a crash or a power "
                "loss ended, and finishes it when all of its GPUs had arrived, "
                "or brings them back. A journal that cannot be used is kept "
                "aside. Every other change begins with the same.",
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
    Command{
        .name = "apply",
        .summary = "Make the host what the policy wants",
        .details =
            "Carries out what diff shows, as one transaction like bind. "
            "Nothing to do is success. Services that the policy names "
            "under quiesce are stopped for it; whoever else uses a GPU is "
            "refused. A rule whose GPU is absent does not stop the others; a "
            "GPU that cannot be changed does.",
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
                "A policy that names each GPU and matches its present state; "
                "add to it what else the host is to have.",
            .operands = Operands::optional_gpus,
            .options = kAllOptions,
            .run = run_export},
    Command{.name = "xml generate",
            .summary = "Write the libvirt domain XML for GPUs",
            .details =
                "Prints a <nvgpuctl:fragment> whose parts belong into an "
                "existing domain, or a complete domain. Versions, sizes and "
                "distances are the host's own where no option says otherwise; "
                "a comment beside each value says where it comes from. What "
                "--for says is about stacks that write domains themselves, "
                "and goes to standard error.",
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
            .synopsis = "FILE|--domain NAME --gpu GPU|--all",
            .run = run_xml_merge},
    Command{.name = "xml unmerge",
            .summary = "Take out of a domain what xml merge has added",
            .details =
                "Puts back what was changed. A domain without a merge is "
                "printed as it is.",
            .operands = Operands::optional_file,
            .options = kUnmergeOptions,
            .synopsis = "FILE|--domain NAME",
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
            .synopsis = "NAME|FILE|--all",
            .run = run_xml_lint},
    Command{.name = "doctor",
            .summary = "Check whether this host is ready to pass GPUs through",
            .details =
                "Looks at the kernel, IOMMU, KVM, modules, libvirt and QEMU. "
                "With --boot at the next boot instead: for each installed "
                "kernel its variant driver, whether it would load, and what "
                "else could take the GPUs, also from the initramfs.",
            .operands = Operands::none,
            .options = kDoctorOptions,
            .run = run_doctor},
    Command{.name = "monitor",
            .summary = "Print what happens to GPUs as it happens",
            .details =
                "Waits for udev's events about GPUs, the functions in their "
                "IOMMU groups, their VFIO devices and drivers, and prints each "
                "in a line with the state before and after. Ends with success "
                "at SIGINT, SIGTERM, and when nobody reads it any more. -o "
                "jsonl for programs.",
            .operands = Operands::optional_gpus,
            .options = kMonitorOptions,
            .run = run_monitor},
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
            .synopsis = "GUEST OPERATION SUBOPERATION EXTRA",
            .run = run_hook_qemu,
            .documents = false},
    Command{.name = "hook udev",
            .summary = "What the udev rule calls",
            .details =
                "Prints what driver_override is to be for a GPU that has no "
                "driver yet and is given one by the policy, so that nobody "
                "else takes it first. Changes nothing.",
            .operands = Operands::hook_words,
            .synopsis = "ADDRESS",
            .run = run_hook_udev,
            .documents = false},
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
                "the files that this program reads and nothing else. "
                "Verbs that only read work on it: --root FILE. Aliases stand "
                "for whatever "
                "names the machine, also in the page of --html. - is standard "
                "output.",
            .operands = Operands::optional_file,
            .options = kReportOptions,
            .synopsis = "[FILE]",
            .run = run_report,
            .documents = false},
    Command{.name = "completion",
            .summary = "Print the completion script for a shell",
            .details = "For bash: source <(nvgpuctl completion bash)",
            .operands = Operands::one_choice,
            .choices = kShells,
            .run = run_completion,
            .documents = false},
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

bool takes_path(const OptionSpec& option) {
  return option.metavar == "FILE" || option.metavar == "PATH";
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
