"""What may stand after an option, by the word that --help shows for it."""
from __future__ import annotations

import re
from typing import Any

Option = dict[str, Any]
STATES = ["ok", "warning", "critical", "unknown"]


def words_of(option: Option) -> list[str]:
    """The words to choose from: `range|plain|none`, a STATE."""
    value = option["value"]
    if value == "STATE":
        return STATES
    parts = value.split("|")
    return parts if len(parts) > 1 and all(re.fullmatch("[a-z]+", part) for part in parts) else []


def kind_of(option: Option) -> str:
    """file, folder, host, threshold, words, text; or flag."""
    value = option["value"]
    if not value:
        return "flag"
    if words_of(option):
        return "words"
    if value.startswith("[LABEL=]"):
        return "threshold"
    for word, kind in (("FILE", "file"), ("PATH", "file"), ("DIR", "folder"), ("HOST", "host")):
        if re.search(rf"\b{word}\b", value) and "[@" not in value and "DB." not in value:
            return kind
    return "text"


def all_options(description: dict[str, Any]) -> list[Option]:
    return [*description["options"], *description["common_options"]]


def written_forms(option: Option) -> list[str]:
    return ([f"-{option['letter']}"] if option["letter"] else []) + [f"--{option['name']}"]
