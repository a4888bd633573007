// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output_html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "base/text.hpp"
#include "cli/gpu_facts.hpp"
#include "cli/html_style.hpp"
#include "cli/markup.hpp"
#include "cli/output_topology.hpp"
#include "cli/wording.hpp"
#include "core/gpu_grounds.hpp"

namespace nvgpuctl::cli {
namespace {

// An element with text in it. Names of elements and classes are our own words,
// the text is anybody's.
std::string element(std::string_view name, std::string_view text,
                    std::string_view classes = {}) {
  const auto attribute =
      classes.empty() ? std::string() : fmt::format(" class=\"{}\"", classes);
  return fmt::format("<{0}{1}>{2}</{0}>", name, attribute, escaped(text));
}

struct HtmlCell {
  std::string text;
  std::string_view classes = {};
};

class HtmlTable {
 public:
  HtmlTable(std::initializer_list<HtmlCell> headings) {
    add("th", headings);
    rows_.insert(0, "<thead>");
    rows_ += "</thead>\n<tbody>\n";
  }

  void row(std::initializer_list<HtmlCell> cells) {
    add("td", cells);
    rows_ += '\n';
  }

  std::string text() const {
    return "<div class=\"wide\"><table>" + rows_ + "</tbody></table></div>\n";
  }

 private:
  void add(std::string_view name, std::initializer_list<HtmlCell> cells) {
    rows_ += "<tr>";
    for (const auto& [text, classes] : cells) {
      rows_ += element(name, text.empty() ? "-" : text, classes);
    }
    rows_ += "</tr>";
  }

  std::string rows_;
};

std::string anchor(const Gpu& gpu) {
  auto id = "gpu-" + to_string(gpu.pci.address);
  std::replace_if(
      id.begin(), id.end(), [](char c) { return c == ':' || c == '.'; }, '-');
  return id;
}

std::string state_text(const Gpu& gpu) {
  const auto state = to_string(gpu.state);
  return element("span", state, fmt::format("state {}", state));
}

// The facts of one kind, each with where it was read.
std::string facts_html(const GpuFacts& facts) {
  HtmlTable table({{"fact"}, {"value"}, {"source"}});
  for (const auto& fact : facts.facts) {
    table.row({{fact.name, "fixed"},
               {fact.value, "mono"},
               {fact.value.empty() ? "" : std::string(to_string(fact.source)),
                "fixed"}});
  }
  return "<div>" + element("h3", facts.title) + '\n' + table.text() +
         "</div>\n";
}

std::string finding_html(const Finding& finding) {
  const Reason& reason = *finding.reason;
  const auto severity = to_string(reason.severity);
  std::string html = fmt::format(
      "<div class=\"finding {}\"><strong>{}</strong> ({})<dl>\n", severity,
      escaped(fmt::format("{} {}", reason.id, reason.name)), severity);
  const auto line = [&](std::string_view label, std::string_view text) {
    if (!text.empty()) {
      html += element("dt", label) + element("dd", text) + '\n';
    }
  };
  line("what", reason.summary);
  line("seen", finding.detail);
  line("evidence", finding.evidence);
  line("what to do", reason.remedy);
  return html + "</dl></div>\n";
}

std::size_t count(const std::vector<CheckSection>& sections, Verdict verdict) {
  std::size_t number = 0;
  for (const auto& section : sections) {
    number += static_cast<std::size_t>(std::count_if(
        section.checks.begin(), section.checks.end(),
        [&](const Check& check) { return check.verdict == verdict; }));
  }
  return number;
}

std::string section_html(const CheckSection& section) {
  HtmlTable table(
      {{"result", "fixed"}, {"check"}, {"expected"}, {"seen"}, {"what to do"}});
  for (const auto& check : section.checks) {
    table.row({{std::string(to_string(check.verdict)),
                check.verdict == Verdict::pass       ? "fixed pass"
                : check.verdict == Verdict::fail     ? "fixed fail"
                : check.verdict == Verdict::degraded ? "fixed degraded"
                : check.verdict == Verdict::remark   ? "fixed remark"
                                                     : "fixed skipped"},
               {check.title},
               {check.expected},
               {check.seen},
               {check.reason.empty() || check.remedy.empty()
                    ? check.remedy
                    : fmt::format("{}: {}", check.reason, check.remedy)}});
  }
  return element("h3", section.name) + '\n' + table.text();
}

// Open where there is something to do: what has passed need not be read.
std::string checks_html(std::string_view title,
                        const std::vector<CheckSection>& sections) {
  const auto failed =
      count(sections, Verdict::fail) + count(sections, Verdict::degraded);
  std::string html = fmt::format(
      "<details{}><summary>{}: {} passed, {} failed, {} skipped</summary>\n",
      failed > 0 ? " open" : "", escaped(title),
      count(sections, Verdict::pass) + count(sections, Verdict::remark), failed,
      count(sections, Verdict::skipped));
  for (const auto& section : sections) {
    html += section_html(section);
  }
  return html + "</details>\n";
}

std::string gpu_html(const HtmlPage& page, std::size_t index) {
  const Gpu& gpu = page.gpus[index];
  std::string html =
      fmt::format("<section id=\"{}\">\n<h2>{} {} {}</h2>\n", anchor(gpu),
                  element("span", to_string(gpu.pci.address), "mono"),
                  escaped(gpu.model.name), state_text(gpu));
  html += element("p", verdict_sentence(gpu)) + '\n';
  for (const auto& finding : gpu.findings) {
    html += finding_html(finding);
  }
  const auto reasons = grounds(page.host, gpu);
  if (!reasons.empty()) {
    html += "<ul>\n";
    for (const auto& ground : reasons) {
      html += element("li", ground) + '\n';
    }
    html += "</ul>\n";
  }
  html += "<div class=\"columns\">\n";
  for (const auto& facts : gpu_facts(page.host, gpu)) {
    html += facts_html(facts);
  }
  return html + "</div>\n" + checks_html("Checks", page.validation[index]) +
         "</section>\n";
}

std::string evidence_row_size(const TarEntry& entry) {
  return entry.kind == TarEntry::Kind::file
             ? std::to_string(entry.content.size())
             : std::string();
}

std::string evidence_html(const HtmlPage& page) {
  const auto& report = page.evidence;
  std::string html =
      "<section id=\"evidence\">\n<h2>What was read</h2>\n" +
      element("p",
              page.redacted
                  ? fmt::format("Aliases ({}) stand for what names "
                                "this machine. Everything on this page was "
                                "computed from the files as they stand below, "
                                "after that.",
                                report.aliases)
                  : "Nothing is redacted: names, UUIDs, addresses and serial "
                    "numbers of this machine are on this page.",
              "note") +
      '\n';
  for (const auto& path : report.unreadable) {
    html += element("p", "left out: " + path + ", which this user may not read",
                    "fail") +
            '\n';
  }
  HtmlTable table({{"path"}, {"what"}, {"bytes", "number"}});
  for (const auto& entry : report.entries) {
    const auto what = entry.kind == TarEntry::Kind::link
                          ? "link to " + entry.content
                      : entry.kind == TarEntry::Kind::directory ? "directory"
                                                                : "file";
    table.row({{"/" + entry.path, "mono"},
               {what, "mono"},
               {evidence_row_size(entry), "number"}});
  }
  return html + fmt::format(
                    "<details><summary>{} files</summary>\n{}</details>\n"
                    "</section>\n",
                    report.entries.size(), table.text());
}

std::string contents_html(const HtmlPage& page) {
  std::string html = "<nav><a href=\"#picture\">Picture</a>";
  for (const auto& gpu : page.gpus) {
    html += fmt::format("<a href=\"#{}\">{}</a>", anchor(gpu),
                        escaped(to_string(gpu.pci.address)));
  }
  return html +
         "<a href=\"#host\">Host</a><a href=\"#evidence\">What was read</a>"
         "</nav>\n";
}

std::string summary_html(const HtmlPage& page) {
  if (page.gpus.empty()) {
    return element("p", "No Grace GPU was found on this host.") + '\n';
  }
  HtmlTable table(
      {{"GPU"}, {"model"}, {"state"}, {"driver"}, {"memory"}, {"to know"}});
  for (const auto& gpu : page.gpus) {
    const auto state = to_string(gpu.state);
    table.row(
        {{to_string(gpu.pci.address), "mono fixed"},
         {gpu.model.name},
         {std::string(state), state},
         {gpu.pci.driver.value_or(""), "mono"},
         {gpu.memory_size ? human_size(gpu.memory_size->value) : "", "fixed"},
         {verdict_sentence(gpu)}});
  }
  return table.text();
}

}  // namespace

std::string html_page(const HtmlPage& page) {
  std::string html = fmt::format(
      R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="nvgpuctl {}">
<title>nvgpuctl report: {}</title>
<style>
{}</style>
</head>
<body>
<header>
<h1>nvgpuctl report</h1>
)",
      NVGPUCTL_VERSION, escaped(summary_text(page.topology)), kHtmlStyle);
  html += element("p", summary_text(page.topology), "note") + '\n';
  html += contents_html(page) + "</header>\n<main>\n" + summary_html(page);
  html += "<section id=\"picture\">\n<h2>Picture</h2>\n" +
          topology_picture(page.topology) + "</section>\n";
  for (std::size_t i = 0; i < page.gpus.size(); ++i) {
    html += gpu_html(page, i);
  }
  html += "<section id=\"host\">\n<h2>Host</h2>\n" +
          checks_html("Readiness", page.readiness) + "</section>\n";
  return html + evidence_html(page) + "</main>\n</body>\n</html>\n";
}

}  // namespace nvgpuctl::cli
