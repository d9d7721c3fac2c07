"""A man page in section 1, where Debian has those of monitoring plugins."""
from __future__ import annotations

import re
from typing import Any

Option = dict[str, Any]

FRAME = """.TH {upper} 1 "" "evenkeel {version}" "Monitoring plugins"
.SH NAME
{name} \\- {purpose}
.SH SYNOPSIS
.B {name}
.RI [ OPTION ]...
.SH DESCRIPTION
{notes}
.SH OPTIONS
{options}
.SS Options of every plugin
{common}
.SH LABELS
What performance data is called, and what \\fB\\-w\\fR and \\fB\\-c\\fR judge.
{labels}
.SH THRESHOLDS
Ranges, [@][START:]END: alert outside START to END, both inside the range; with @, alert inside.
START defaults to 0, \\(ti is minus infinity, an empty END infinity.
.SH EXIT STATUS
0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; \\fB\\-\\-help\\fR and \\fB\\-\\-version\\fR end with 3.
.SH EXAMPLES
{examples}
.SH ENVIRONMENT
.TP
.B EVENKEEL_STATE_DIR
where the last run's counters are kept, unless \\fB\\-\\-state\\-dir\\fR says otherwise
.SH FILES
.TP
.I /var/lib/evenkeel
the last run's counters, a folder of mode 0700 per user
.SH SEE ALSO
.I /usr/share/doc/evenkeel\\-common/README.md
"""


def escaped(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti").replace("^", "\\(ha").replace("'", "\\(aq")
    return re.sub(r"^\.", r"\\&.", text, flags=re.MULTILINE)


def paragraphs(text: str) -> str:
    return "\n.PP\n".join(escaped(part.strip("\n")) for part in text.split("\n\n"))


def option(spec: Option) -> str:
    forms = [f"\\-{spec['letter']}"] if spec["letter"] else []
    forms.append("\\-\\-" + escaped(spec["name"]))
    text = ", ".join(f"\\fB{form}\\fR" for form in forms)
    if spec["value"]:
        value = f"\\fI{escaped(spec['value'])}\\fR"
        text += f"[={value}]" if spec["optional_value"] else f" {value}"
    help_text = escaped(spec["help"])
    if spec["default"]:
        help_text += f" (default: {escaped(spec['default'])})"
    return f".TP\n{text}\n{help_text}"


def label(spec: dict[str, Any]) -> str:
    unit = f" ({escaped(spec['unit'])})" if spec["unit"] else ""
    text = escaped(spec["help"])
    for level in ("warning", "critical"):
        if spec[f"default_{level}"]:
            text += f"; {level} by default at {escaped(spec[f'default_{level}'])}"
    return f".TP\n\\fB{escaped(spec['name'])}\\fR{unit}\n{text}"


def example(spec: dict[str, str]) -> str:
    output = escaped(spec["output"])
    return f".PP\n.nf\n\\fB{escaped(spec['command'])}\\fR\n.fi\n.PP\n.RS\n{output}\n.RE"


def written(description: dict[str, Any], version: str) -> str:
    return FRAME.format(name=escaped(description["name"]), upper=escaped(description["name"].upper()),
                        version=escaped(version), purpose=escaped(description["purpose"]),
                        notes=paragraphs(description["notes"] or description["purpose"]),
                        options="\n".join(map(option, description["options"])),
                        common="\n".join(map(option, description["common_options"])),
                        labels="\n".join(map(label, description["labels"])),
                        examples="\n".join(map(example, description["examples"])))


TOOL_FRAME = """.TH {upper} 1 "" "evenkeel {version}" "Monitoring plugins"
.SH NAME
{name} \\- {purpose}
.SH SYNOPSIS
{synopsis}
.SH DESCRIPTION
{description}
.SH OPTIONS
{options}
.SH NOTES
{notes}
.SH EXIT STATUS
0 done, 1 something went wrong, 2 misused.
.SH FILES
.TP
.I {path}
the program
.SH SEE ALSO
.BR check_mysql_replication (1),
.BR check_table_sync (1),
.I /usr/share/doc/evenkeel\\-common/README.md
"""


def tool_options(block: str) -> str:
    """Two blanks, the option, at least two blanks, its text; what is indented more goes on with that."""
    items: list[tuple[str, str]] = []
    for line in block.splitlines():
        begun = re.match(r"  (\S.*?)(?:  +(\S.*))?$", line)
        if begun:
            items.append((begun[1], begun[2] or ""))
        else:
            name, text = items[-1]
            items[-1] = name, f"{text} {line.strip()}".strip()
    return "\n".join(f".TP\n\\fB{escaped(name)}\\fR\n{escaped(text)}" for name, text in items)


def written_of_tool(path: str, purpose: str, usage: str, version: str) -> str:
    """Of what --help prints: usage lines, paragraphs, a block of options, and paragraphs after it."""
    name = path.rpartition("/")[2]
    blocks = usage.strip("\n").split("\n\n")
    synopsis = "\n.br\n".join(escaped(line.replace("usage:", "").strip()) for line in blocks[0].splitlines())
    at = next(i for i, block in enumerate(blocks) if block.startswith("  --"))
    return TOOL_FRAME.format(name=escaped(name), upper=escaped(name.upper()), version=escaped(version), purpose=escaped(purpose),
                             synopsis=synopsis, description=paragraphs("\n\n".join(blocks[1:at])),
                             options=tool_options(blocks[at]), notes=paragraphs("\n\n".join(blocks[at + 1:])),
                             path=escaped(path))
