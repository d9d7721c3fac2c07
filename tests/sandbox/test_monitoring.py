"""NRPE, Nagios and Icinga 2 in a box: unprivileged, on loopback alone, and gone with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sandbox import Sandbox, ServerFailed, unprivileged  # noqa: E402
from sandbox.daemon import Daemon  # noqa: E402
from sandbox.icinga import Icinga  # noqa: E402
from sandbox.nagios import Nagios  # noqa: E402
from sandbox.nrpe import Nrpe  # noqa: E402

NAGIOS_OBJECTS = """
define command {
    command_name  say
    command_line  $USER1$/say
}
define host {
    use        linux-server
    host_name  here
    address    127.0.0.1
}
define service {
    use                  generic-service
    host_name            here
    service_description  said
    check_command        say
}
"""
ICINGA_OBJECTS = """
object CheckCommand "say" { command = [ PluginContribDir + "/say" ] }
object Host "here" { check_command = "dummy" }
object Service "said" { host_name = "here"; check_command = "say"; check_interval = 1s }
"""
LINE = "SAID OK - a word | spoken=1c;;;0"


def plugins(box: Sandbox) -> Path:
    folder = box.folder / "plugins"
    folder.mkdir()
    (folder / "say").write_text(f"#!/bin/sh\necho '{LINE}'\n")
    (folder / "say").chmod(0o755)
    return folder


def an_nrpe(box: Sandbox) -> Nrpe:
    commands = box.folder / "commands.cfg"
    commands.write_text(f"command[say]={plugins(box)}/say\n")
    return Nrpe(box, include=[commands])


def a_nagios(box: Sandbox) -> Nagios:
    nagios = Nagios(box, plugins=plugins(box), more=NAGIOS_OBJECTS)
    nagios.start()
    return nagios


def an_icinga(box: Sandbox) -> Icinga:
    icinga = Icinga(box, plugins=plugins(box), more=ICINGA_OBJECTS)
    icinga.start()
    return icinga


MADE: dict[str, Callable[[Sandbox], Daemon]] = {"nrpe": an_nrpe, "nagios": a_nagios, "icinga": an_icinga}


def processes_in(folder: Path) -> dict[int, str]:
    """Command lines that name the folder, the warden's apart."""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if str(folder) in line and "warden.py" not in line:
            found[int(entry)] = line
    return found


def test_nrpe_answers() -> None:
    with Sandbox() as box:
        assert an_nrpe(box).ask("say").line1 == LINE


def test_nagios_checks() -> None:
    with Sandbox() as box:
        nagios = a_nagios(box)
        said = box.wait_until(lambda: nagios.services()["said"]["performance_data"], 30)
        assert said == "spoken=1c;;;0"


def test_icinga_checks() -> None:
    with Sandbox() as box:
        icinga = an_icinga(box)
        said = box.wait_until(lambda: icinga.services()["said"]["last_check_result"], 30)
        assert said["output"] == "SAID OK - a word " and said["performance_data"] == ["spoken=1c;;;0"]


@pytest.mark.parametrize("name", MADE)
def test_each_runs_as_nobody_and_listens_on_loopback_alone(name: str) -> None:
    with Sandbox() as box:
        MADE[name](box)
        pids = processes_in(box.folder)
        if os.geteuid() == 0:
            assert all(os.stat(f"/proc/{pid}").st_uid != 0 for pid in pids)
        listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
        mine = [line.split()[3] for line in listening.splitlines() if any(f"pid={pid}," in line for pid in pids)]
        assert all(address.startswith("127.0.0.1:") for address in mine)
        assert mine or name == "nagios"


@pytest.mark.parametrize("name", MADE)
def test_each_ends_alone_and_with_its_box(name: str) -> None:
    with Sandbox() as box:
        daemon = MADE[name](box)
        assert processes_in(box.folder)
        daemon.end()
        box.wait_until(lambda: not processes_in(box.folder), 10, "none of it is left")
        daemon.start()  # type: ignore[attr-defined]
    box.wait_until(lambda: not processes_in(box.folder), 10, "none of it is left")
    assert not box.folder.exists()


def test_one_that_cannot_start_says_why() -> None:
    with Sandbox() as box:
        with pytest.raises(ServerFailed, match="nowhere"):
            Nagios(box, plugins=box.folder, objects=[box.folder / "nowhere.cfg"]).start()


def test_unprivileged_names_are_a_user_and_its_group() -> None:
    user, group = unprivileged.names()
    assert user and group
