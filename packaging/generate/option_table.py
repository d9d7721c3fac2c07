"""The README's tables of options, between `<!-- options of NAME -->` and `<!-- end of options -->`."""
from __future__ import annotations

import re
from typing import Any

from option_values import Option

MARKED = re.compile(r"(<!-- options of (\S+) -->\n).*?(<!-- end of options -->)", re.DOTALL)
EVERY_PLUGIN = "every-plugin"


def cell(text: str) -> str:
    return re.sub(r"([|*<])", r"\\\1", text)


def form(option: Option) -> str:
    value = option["value"]
    text = f"-{option['letter']}, --{option['name']}" if option["letter"] else f"--{option['name']}"
    if value:
        text += f"[={value}]" if option["optional_value"] else f" {value}"
    return "`" + text.replace("|", "\\|") + "`"


def row(option: Option) -> str:
    help_text = cell(option["help"]) + ("; may be repeated" if option["repeatable"] and option["value"]
                                        and "repeated" not in option["help"] else "")
    return f"| {form(option)} | {help_text} | {cell(option['default'])} |\n"


def table(options: list[Option]) -> str:
    return "| option | meaning | default |\n|---|---|---|\n" + "".join(map(row, options))


def of_every_plugin(descriptions: list[dict[str, Any]]) -> list[Option]:
    """The common options; a default that differs is given as the first plugin's, then each other one."""
    options = []
    for position, option in enumerate(descriptions[0]["common_options"]):
        text = ""
        for description in descriptions:
            default = description["common_options"][position]["default"].replace(description["name"], "the plugin's name")
            if not text:
                text = first = default
            elif default != first:
                text += f"; {description['name']}: {default}"
        options.append({**option, "default": text})
    return options


def filled(readme: str, descriptions: list[dict[str, Any]]) -> str:
    tables = {description["name"]: table(description["options"]) for description in descriptions}
    tables[EVERY_PLUGIN] = table(of_every_plugin(descriptions))

    def replaced(match: re.Match[str]) -> str:
        if match[2] not in tables:
            raise SystemExit(f"no plugin of this name: {match[2]}")
        return match[1] + tables[match[2]] + match[3]

    return MARKED.sub(replaced, readme)
