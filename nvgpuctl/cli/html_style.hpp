// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

// The style sheet of a report's page. Not for others.

namespace nvgpuctl::cli {

constexpr std::string_view kHtmlStyle = R"(:root{color-scheme:light dark;
--paper:#fff;--ink:#202124;--dim:#5f6368;--line:#dadce0;--soft:#f8f9fa;
--good:#2e7d32;--bound:#1565c0;--warn:#9a5b00;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{
--paper:#17191c;--ink:#e8eaed;--dim:#9aa0a6;--line:#3c4043;--soft:#202327;
--good:#66bb6a;--bound:#64a7f0;--warn:#e09a2d;--bad:#f28b82}}
body{margin:0 auto;max-width:72rem;padding:1.5rem;background:var(--paper);
color:var(--ink);font:15px/1.5 "DejaVu Sans",Verdana,sans-serif}
h1{font-size:1.5rem;margin:0}
h2{font-size:1.2rem;margin:2.5rem 0 .75rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:1.5rem 0 .5rem}
p{margin:.4rem 0}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin-bottom:1rem}
a{color:var(--bound)}
code,.mono{font-family:"DejaVu Sans Mono",monospace;font-size:.87em}
.note{color:var(--dim)}
.wide{overflow-x:auto}
svg.topology{display:block;max-width:100%;height:auto;
border:1px solid var(--line);border-radius:8px}
.columns{display:grid;gap:0 2rem;
grid-template-columns:repeat(auto-fit,minmax(min(28rem,100%),1fr))}
table{border-collapse:collapse;width:100%;font-size:.87em}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;
border-bottom:1px solid var(--line);overflow-wrap:break-word}
th{color:var(--dim);font-weight:normal}
td.fixed,th.fixed{white-space:nowrap}
td.number{text-align:right;white-space:nowrap}
details{margin:.5rem 0}
summary{cursor:pointer}
.finding{border-left:4px solid var(--line);background:var(--soft);
padding:.5rem 1rem;margin:.75rem 0}
.finding.error{border-color:var(--bad)}
.finding.warning{border-color:var(--warn)}
.finding dl{display:grid;grid-template-columns:max-content 1fr;
gap:.2rem 1rem;margin:.4rem 0}
.finding dt{color:var(--dim)}
.finding dd{margin:0;overflow-wrap:anywhere}
.state{border:1px solid;border-radius:1rem;padding:.1rem .7rem;
font-size:.8rem;font-weight:normal;white-space:nowrap}
.ready,.pass{color:var(--good)}
.bound{color:var(--bound)}
.degraded,.remark,.unknown{color:var(--warn)}
.blocked,.needs-operator,.fail{color:var(--bad)}
.skipped{color:var(--dim)}
@media print{body{max-width:none;padding:0}section{break-inside:auto}}
)";

}  // namespace nvgpuctl::cli
