"""evenkeel-arguments.cfg under an NRPE that takes arguments: whoever may ask it has nothing read, written or run."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conftest import BUILD
from monitored_host import ROOT, MonitoredHost, Shop
from sandbox import KindUnavailable, Sandbox, nrpe_with_arguments, unprivileged
from sandbox.nrpe import Nrpe, NrpeAnswer

OK, WARNING, CRITICAL, UNKNOWN = range(4)
pytestmark = pytest.mark.xdist_group("nrpe-arguments")
SECRET = "canary-f3a1"
# How many arguments each command takes.
COMMANDS = {"check_mysql_replication_limits": 2, "check_mysql_replication_channel": 3, "check_apache_rps_limits": 2,
            "check_memcached_limits": 2}
# What an administrator writes who has not read the comment in the file.
NAIVE = "command[naive]={plugin} --extra-opts=@{ini} $ARG1$\n"
# FILE is a secret that NRPE's user can read, NEW a file that nobody has made yet, DOOR a port that somebody listens on.
ATTACKS = (
    "--extra-opts=@FILE", "--extra-opts=x@FILE", "-f FILE", "-fFILE", "--file=FILE", "--password-file=FILE",
    "--auth-file=FILE", "--ca-cert=FILE", "--ssl --cert=FILE", "--state-dir=NEW", "-H 127.0.0.1:DOOR",
    "--source=127.0.0.1:DOOR", "--url=http://127.0.0.1:DOOR/", "-I 127.0.0.1 -p DOOR", "--proxy=http://127.0.0.1:DOOR",
    "1 --extra-opts=@FILE", "1' --extra-opts=@FILE '", '1" --extra-opts=@FILE "', "1\t--state-dir=NEW", "--", "-- FILE",
    "; touch NEW", "1; touch NEW", "1 & touch NEW", "1 && touch NEW", "1 || touch NEW", "| touch NEW", "`touch NEW`",
    "$(touch NEW)", "$$(touch NEW)", "${IFS}touch NEW", "1\ntouch NEW", "1\r\ntouch NEW", "1\n--state-dir=NEW",
    "' ; touch NEW ; '", "'; touch NEW; #", "\\'; touch NEW", "' $(touch NEW) '", "'`touch NEW`'", "> NEW", "1 > NEW", "< FILE", "1 <FILE",
    "$(<FILE)", "`cat FILE`", "$HOME", "~/", "*", "FILE*", "[a-z]", "{FILE,NEW}", "!touch NEW", "1!--state-dir=NEW!",
    "!!!!", "1!2!3!4", "$ARG2$", "$ARG1$", "%s%n%s", "\x1b]0;owned\x07", "\x7f", "1" * 1500, "é" * 300, "=", "@", "",
    "lag=@FILE", "@FILE", "lag@$(touch NEW)=1", "x=1|'evil'=1", "1|evil=1;2;3",
)


@dataclass
class Door:
    """Somebody who listens, and remembers that anyone came."""
    callers: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, caller = self.listening.accept()
            except OSError:
                return
            self.callers.append(caller)
            line.close()

    def close(self) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


class Bait:
    """What an attack would touch."""

    def __init__(self, host: MonitoredHost, nrpe: Nrpe) -> None:
        self.host, self.nrpe, self.door = host, nrpe, Door()
        self.secret, self.fresh = host.state / "secret", host.state / "made"

    def lay(self) -> None:
        """Read by anybody, the secret's time of access becomes younger than its content's."""
        self.secret.write_text(f"[check_memcached]\nhostname={SECRET}\n[x]\n{SECRET}\n")
        unprivileged.give(self.host.state)
        os.utime(self.secret, (0, self.secret.stat().st_mtime))

    def seen(self) -> set[Path]:
        """Files that are there, but for the plugins' own state and what servers write."""
        return {path for folder in (self.host.etc, self.host.plugins, self.nrpe.folder) for path in folder.rglob("*")}

    def armed(self, attack: str) -> str:
        for word, value in (("FILE", self.secret), ("NEW", self.fresh), ("DOOR", self.door.port)):
            attack = attack.replace(word, str(value))
        return attack

    def taken(self, answer: NrpeAnswer) -> list[str]:
        """What went wrong; nothing, where all is well."""
        return [what for what, wrong in {
            "told": SECRET in answer.output, "read": self.secret.stat().st_atime > 0,
            "written": self.fresh.exists(), "knocked": bool(self.door.callers),
            "perfdata": "evil" in answer.output.partition("\n")[0].partition("|")[2],
            "escape": "\x1b" in answer.output, "state": answer.code not in range(4)}.items() if wrong]


@pytest.fixture(scope="module")
def bait() -> Iterator[Bait]:
    try:
        programs = nrpe_with_arguments.built()
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    with Sandbox() as box:
        host = Shop(box).monitored(box)
        host.write("nrpe.d/naive.cfg", NAIVE.format(plugin=host.plugins / "evenkeel" / "check_memcached",
                                                    ini=host.etc / "evenkeel.ini"))
        bait = Bait(host, host.nrpe(arguments=programs))
        yield bait
        bait.door.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_an_honest_argument_is_a_threshold(bait: Bait, command: str) -> None:
    channel = ["default"] if "channel" in command else []
    label = {"check_mysql_replication_limits": "lag", "check_mysql_replication_channel": "lag",
             "check_apache_rps_limits": "rps", "check_memcached_limits": "response_time"}[command]
    fine = bait.nrpe.ask(command, *channel, "0:1000", "0:2000")
    assert fine.code == OK and ";1000;2000" in fine.output.replace("0:", ""), fine.output
    alarm = bait.nrpe.ask(command, *channel, f"{label}=0:1000", f"{label}=~:-1")
    assert alarm.code == CRITICAL, alarm.output


@pytest.mark.parametrize("command, position", [(name, place) for name, count in COMMANDS.items() for place in range(count)])
def test_nothing_is_read_written_or_run(bait: Bait, command: str, position: int) -> None:
    arguments = ["default" if "channel" in command and place == 0 else "1000" for place in range(COMMANDS[command])]
    bait.lay()
    before = bait.seen()
    for attack in ATTACKS:
        arguments[position] = bait.armed(attack)
        answer = bait.nrpe.ask(command, *arguments)
        assert bait.taken(answer) == [], f"{attack!r}: {answer.output}"
    assert not bait.seen() - before


@pytest.mark.parametrize("command", ["check_mysql_replication", "check_memcached"])
def test_the_commands_of_evenkeel_cfg_take_none(bait: Bait, command: str) -> None:
    """Even where NRPE would hand them on."""
    bait.lay()
    for attack in ATTACKS:
        answer = bait.nrpe.ask(command, *[bait.armed(attack)] * 3)
        # NRPE refuses some of them itself; what comes from the plugin is as ever.
        refused = not answer.line1.startswith(command.removeprefix("check_").upper())
        assert bait.taken(answer) == [] and (refused or answer.code == OK), f"{attack!r}: {answer.output}"


def test_each_option_is_open_or_the_comment_says_why_not() -> None:
    """A new option must be thought about here."""
    lines = (ROOT / "nrpe-config" / "evenkeel-arguments.cfg").read_text().splitlines()
    comment = "\n".join(line for line in lines if line.startswith("#"))
    commands = "\n".join(line for line in lines if not line.startswith("#"))
    described = [json.loads(path.read_text()) for path in sorted((BUILD / "packaging" / "descriptions").glob("*.json"))]
    options = {one["name"] for plugin in described for one in plugin["options"] + plugin["common_options"]}
    assert len(described) == 4 and set(re.findall("--([a-z-]+)", comment)) == options
    opened = re.findall(r" --([a-z]+)='\$ARG\d\$'", commands)
    assert set(opened) == {"warning", "critical", "channel"}
    assert len(opened) == commands.count("$ARG") == sum(COMMANDS.values()), "each macro is quoted, and glued to its option"


def test_too_few_and_too_many_arguments(bait: Bait) -> None:
    for arguments in ([], ["1"], ["", ""]):
        answer = bait.nrpe.ask("check_memcached_limits", *arguments)
        assert answer.code == UNKNOWN and "needs a value" in answer.output, answer.output
    bait.lay()
    answer = bait.nrpe.ask("check_memcached_limits", "1", "2", bait.armed("--extra-opts=@FILE"), bait.armed("--state-dir=NEW"))
    assert answer.code == OK and bait.taken(answer) == []


@pytest.mark.parametrize("attack, what", [("--extra-opts=@FILE", "read"), ("--state-dir=NEW", "written"),
                                          ("-H 127.0.0.1:DOOR", "knocked")])
def test_the_attacks_would_work_on_a_naive_command(bait: Bait, attack: str, what: str) -> None:
    """Otherwise, the tests above would show nothing."""
    bait.lay()
    answer = bait.nrpe.ask("naive", bait.armed(attack))
    assert what in bait.taken(answer), answer.output
    bait.door.callers.clear()
    if bait.fresh.exists():
        bait.fresh.rename(bait.host.state / "was-made")
