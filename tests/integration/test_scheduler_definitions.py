"""The definitions for Nagios and Icinga 2 load without a warning, and have every option there is."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import BUILD, TESTS, PluginRunner
from monitored_host import PLUGINS
from sandbox import Sandbox
from sandbox.icinga import Icinga
from sandbox.nagios import Nagios

PACKAGING = TESTS.parent / "packaging"
NAGIOS = [PACKAGING / "nagios" / name for name in ("evenkeel.cfg", "evenkeel-example.cfg")]
ICINGA = [PACKAGING / "icinga2" / name for name in ("evenkeel.conf", "evenkeel-services.conf", "evenkeel-example.conf")]
DESCRIPTIONS = BUILD / "packaging" / "descriptions"
# They answer a person, or a program that is not Icinga.
NOT_FOR_ICINGA = {"help", "version", "output"}
# Stands in for a plugin: its line is the words that it was called with.
ECHO = "#!/usr/bin/env python3\nimport json, sys\nprint('OK - words', json.dumps(sys.argv[1:]).replace('|', '/'))\n"


def options_of(plugin: PluginRunner, name: str) -> dict[str, str]:
    """Each long option that --help has, and its value's name, empty for a flag."""
    text = plugin(name, "--help").stdout.partition("Labels that take thresholds:")[0]
    return {found[1]: found[2] for found in re.finditer(r"^ (?:-., |    )--([a-z-]+)(?:[ =\[]*(.*))?$", text, re.MULTILINE)}


def test_nagios_loads_them_without_a_warning(box: Sandbox, tmp_path: Path) -> None:
    said = Nagios(box, plugins=tmp_path, objects=NAGIOS).verify()
    assert "Total Warnings: 0" in said and "Total Errors:   0" in said and "Checked 3 services." in said, said


def test_icinga_loads_them_without_a_warning(box: Sandbox, tmp_path: Path) -> None:
    code, said = Icinga(box, plugins=tmp_path, include=ICINGA).verify()
    assert code == 0 and "warning/" not in said and "Instantiated 6 Services." in said, said


def test_icinga_s_commands_are_those_that_the_plugins_describe() -> None:
    descriptions = [DESCRIPTIONS / f"{name}.json" for name in PLUGINS]
    stale = subprocess.run([sys.executable, PACKAGING / "generate" / "generate", "icinga", "--check", ICINGA[0], *descriptions],
                           capture_output=True, text=True, check=False)
    assert stale.returncode == 0, stale.stdout + stale.stderr


@pytest.mark.parametrize("name", PLUGINS)
def test_icinga_s_command_has_every_option(plugin: PluginRunner, name: str) -> None:
    text = ICINGA[0].read_text()
    block = text.partition(f'object CheckCommand "evenkeel_{name.removeprefix("check_")}"')[2].partition("\n}\n")[0]
    there = set(re.findall(r'^    "--([a-z-]+)" = ', block, re.MULTILINE))
    assert there == set(options_of(plugin, name)) - NOT_FOR_ICINGA


@pytest.mark.parametrize("name", PLUGINS)
def test_evenkeel_ini_names_options_that_the_plugin_has(plugin: PluginRunner, name: str) -> None:
    """Those in comments, too: they are there to be used."""
    text = (TESTS.parent / "nrpe-config" / "evenkeel.ini").read_text()
    section = text.partition(f"[{name}]\n")[2].partition("\n[")[0]
    keys = set(re.findall(r"^#?([a-z-]+) = ", section, re.MULTILINE))
    assert keys and keys <= set(options_of(plugin, name))


# what Icinga makes of the variables


@pytest.fixture
def echoes(box: Sandbox) -> Path:
    folder = box.folder / "echo"
    (folder / "evenkeel").mkdir(parents=True)
    for name in PLUGINS:
        (folder / "evenkeel" / name).write_text(ECHO)
        (folder / "evenkeel" / name).chmod(0o755)
    return folder


def icinga_host(name: str, variables: dict[str, object]) -> str:
    """A host whose one service runs the plugin, once, right away."""
    command = "evenkeel_" + name.removeprefix("check_")
    lines = "".join(f"  vars.{command}_{key} = {json.dumps(value)}\n" for key, value in variables.items())
    return (f'object Host "{name}" {{\n  check_command = "dummy"\n  address = "192.0.2.7"\n{lines}}}\n'
            f'object Service "it" {{\n  host_name = "{name}"\n  check_command = "{command}"\n  check_interval = 1s\n}}\n')


def words(icinga: Icinga) -> dict[str, list[str]]:
    """What each plugin was called with; empty until all have been."""
    def results() -> dict[str, Any]:
        found = {one["attrs"]["host_name"]: one["attrs"]["last_check_result"] for one in icinga.api("objects/services")}
        return found if all(found.values()) else {}
    found = icinga.box.wait_until(results, 60, "each service has been checked")
    assert all(result["exit_status"] == 0 for result in found.values()), found
    return {host: json.loads(result["output"].partition(" - words ")[2]) for host, result in found.items()}


def test_each_variable_becomes_its_option(box: Sandbox, plugin: PluginRunner, echoes: Path) -> None:
    hosts, expected = "", {}
    for name in PLUGINS:
        options = {option: value for option, value in options_of(plugin, name).items() if option not in NOT_FOR_ICINGA}
        described = json.loads((DESCRIPTIONS / f"{name}.json").read_text())
        several = {one["name"] for one in described["options"] + described["common_options"] if one["repeatable"]}
        variables: dict[str, object] = {}
        pairs: set[tuple[str, ...]] = set()
        for option, value in options.items():
            key = option.replace("-", "_")
            if not value:
                variables[key] = True
                pairs.add((f"--{option}",))
            elif option == "extra-opts":
                variables[key] = "x@y z"
                pairs.add(("--extra-opts=x@y z",))
            elif option in several:
                variables[key] = [f"{option} 1", "$$x;'"]
                pairs |= {(f"--{option}", f"{option} 1"), (f"--{option}", "$x;'")}
            else:
                variables[key] = f"{option} \"1\""
                pairs.add((f"--{option}", f"{option} \"1\""))
        hosts += icinga_host(name, variables)
        expected[name] = pairs
    icinga = Icinga(box, plugins=echoes, include=ICINGA[:1], more=hosts)
    icinga.start()
    for name, said in words(icinga).items():
        found: set[tuple[str, ...]] = set()
        for place, word in enumerate(said):
            if word.startswith("--"):
                follows = said[place + 1:place + 2]
                found.add((word, *(follows if follows and not follows[0].startswith("--") else [])))
        assert found == expected[name]


def test_without_variables_there_is_the_host_s_address(box: Sandbox, echoes: Path) -> None:
    icinga = Icinga(box, plugins=echoes, include=ICINGA[:1], more="".join(icinga_host(name, {}) for name in PLUGINS))
    icinga.start()
    plain = ["--perfdata-thresholds", "plain"]
    for name, said in words(icinga).items():
        assert said == plain if name == "check_table_sync" else sorted(said) == sorted(["--hostname", "192.0.2.7", *plain])


def test_an_empty_hostname_leaves_the_option_out(box: Sandbox, echoes: Path) -> None:
    hosts = "".join(icinga_host(name, {"hostname": ""}) for name in PLUGINS if name != "check_table_sync")
    icinga = Icinga(box, plugins=echoes, include=ICINGA[:1], more=hosts)
    icinga.start()
    assert all(said == ["--perfdata-thresholds", "plain"] for said in words(icinga).values())


@pytest.mark.parametrize("name", PLUGINS)
def test_nagios_commands_are_options_that_the_plugin_has(plugin: PluginRunner, name: str) -> None:
    """Whatever the target says: no complaint about the command line."""
    [line] = re.findall(rf"command_line +\$USER1\$/evenkeel/{name} (.*)", NAGIOS[0].read_text())
    given = line.replace("$HOSTADDRESS$", "192.0.2.1").replace("/etc/evenkeel", "/nonexistent")
    given = given.replace("'$ARG1$'", "192.0.2.1,192.0.2.2").replace("'$ARG2$'", "shop.*")
    answer = plugin(name, "-t", "1", *shlex.split(re.sub(r"\$ARG\d\$|-t \d+", "", given)))
    assert "unknown option" not in answer.stdout and "--help" not in answer.stdout, answer.stdout
