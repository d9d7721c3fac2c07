"""A completion function for zsh."""
from __future__ import annotations

import re
from typing import Any

from option_values import Option, all_options, kind_of, words_of, written_forms

ACTIONS = {"file": "_files", "folder": "_files -/", "host": "_hosts", "text": ""}


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def escaped(text: str) -> str:
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def action(option: Option, labels: list[str]) -> str:
    kind = kind_of(option)
    if kind == "words":
        return f"({' '.join(words_of(option))})"
    if kind == "threshold":
        return f"compadd -S '' -- {' '.join(label + '=' for label in labels)}"
    return ACTIONS[kind]


def specification(option: Option, labels: list[str]) -> list[str]:
    forms = written_forms(option)
    other = "*" if option["repeatable"] else f"({' '.join(forms)})" if len(forms) > 1 else ""
    value = ""
    if option["value"]:
        optional = ":" if option["optional_value"] else ""
        value = f":{optional}{escaped(option['value'])}:{action(option, labels)}"
    help_text = escaped(option["help"])
    lines = []
    for form in forms:
        mark = ""
        if option["value"]:
            mark = "=-" if option["optional_value"] else "=" if form.startswith("--") else "+"
        lines.append(quoted(f"{other}{form}{mark}[{help_text}]{value}"))
    return lines


def written(description: dict[str, Any]) -> str:
    labels = [label["name"] for label in description["labels"]]
    lines = [line for option in all_options(description) for line in specification(option, labels)]
    return f"#compdef {description['name']}\n\n_arguments -s -S \\\n  " + " \\\n  ".join(lines) + "\n"
