"""CheckCommands for Icinga 2: each option is a custom variable, evenkeel_PLUGIN_OPTION with _ for -."""
from __future__ import annotations

from typing import Any

from option_values import Option, all_options

# They answer a person, or a program that is not Icinga.
LEFT_OUT = ("help", "version", "output")
# Beyond the plugin's own time-out, so that it is the plugin that says what it waited for.
GRACE_SECONDS = 6

HEADER = """// CheckCommands for Icinga 2, made by packaging/generate/generate; do not edit them here.
//
// An option is a custom variable: --max-lag of check_table_sync is vars.evenkeel_table_sync_max_lag. An array gives an
// option several times, true gives a flag. Where there is a hostname, it is the host's address by default; "" leaves
// it out, for plugins that ask the files or sockets of this machine. Icinga ends a command after its timeout here:
// who raises a plugin's --timeout sets the service's check_timeout above it.
//
// Icinga 2 drops thresholds with ":", "@" or "~" from performance data, hence perfdata_thresholds = "plain".
"""
COMMAND = """
object CheckCommand "{command}" {{
{imports}  command = [ PluginContribDir + "/evenkeel/{name}" ]
  timeout = {seconds:g}s
  arguments = {{
{arguments}  }}
{variables}}}
"""


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def argument(option: Option, prefix: str, has_default: bool) -> str:
    variable = f"{prefix}_{option['name'].replace('-', '_')}"
    flag = f"--{option['name']}"
    if not option["value"]:
        lines = [f'set_if = "${variable}$"']
    elif option["optional_value"]:
        # It takes its value in the same word.
        lines = [f'value = "{flag}=${variable}$"', "skip_key = true", "order = -1"]
    else:
        lines = [f'value = "${variable}$"', *(["repeat_key = true"] if option["repeatable"] else [])]
        if has_default:
            lines.append(f'set_if = {{{{ macro("${variable}$") != "" }}}}')
    lines.append(f"description = {quoted(option['help'])}")
    return f'    "{flag}" = {{\n' + "".join(f"      {line}\n" for line in lines) + "    }\n"


def command(description: dict[str, Any]) -> str:
    plugin = "evenkeel_" + description["name"].removeprefix("check_")
    options = [option for option in all_options(description) if option["name"] not in LEFT_OUT]
    names = [option["name"] for option in options]
    # table_sync compares several servers: there is no one address to take.
    alone = "hostname" in names and "reference" not in names
    variables = {"hostname": "$check_address$"} if alone else {}
    variables["perfdata_thresholds"] = "plain"
    return COMMAND.format(
        command=plugin, name=description["name"], seconds=description["default_timeout"] + GRACE_SECONDS,
        imports='  import "ipv4-or-ipv6"\n\n' if alone else "",
        arguments="".join(argument(option, plugin, alone and option["name"] == "hostname") for option in options),
        variables="".join(f'  vars.{plugin}_{name} = "{value}"\n' for name, value in variables.items()))


def written(descriptions: list[dict[str, Any]]) -> str:
    return HEADER + "".join(map(command, sorted(descriptions, key=lambda one: str(one["name"]))))
