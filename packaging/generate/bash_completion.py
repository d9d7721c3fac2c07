"""A file for /usr/share/bash-completion/completions."""
from __future__ import annotations

from typing import Any

from option_values import all_options, kind_of, words_of, written_forms

FRAME = """# bash completion for {name}
_evenkeel_{name}()
{{
    local cur prev words cword split
    _init_completion -s || return
    case $prev in
{cases}    esac
    $split && return
    COMPREPLY=($(compgen -W '{options}' -- "$cur"))
}} &&
    complete -F _evenkeel_{name} {name}
"""


def answer(kind: str, words: list[str], labels: list[str]) -> str:
    if kind == "file":
        return "_filedir"
    if kind == "folder":
        return "_filedir -d"
    if kind == "host":
        return '_known_hosts_real -- "$cur"'
    if kind == "words":
        return f"COMPREPLY=($(compgen -W '{' '.join(words)}' -- \"$cur\"))"
    if kind == "threshold":
        return f"COMPREPLY=($(compgen -W '{' '.join(label + '=' for label in labels)}' -- \"$cur\")) && compopt -o nospace"
    return ":"


def written(description: dict[str, Any]) -> str:
    labels = [label["name"] for label in description["labels"]]
    options = all_options(description)
    cases: dict[str, list[str]] = {}
    for option in options:
        kind = kind_of(option)
        # An optional value stands in the same word; what follows is the next option.
        if kind != "flag" and not option["optional_value"]:
            cases.setdefault(answer(kind, words_of(option), labels), []).extend(written_forms(option))
    text = "".join(f"        {' | '.join(forms)})\n            {action}\n            return\n            ;;\n"
                   for action, forms in cases.items())
    names = " ".join(form for option in options for form in written_forms(option))
    return FRAME.format(name=description["name"], cases=text, options=names)
