"""What --source says of a replica, whatever lies between it and the server that it is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from conftest import Answer, PluginRunner
from replication_scene import PLUGIN, Scene
from sandbox import KINDS, Sandbox, Server

OK, WARNING, CRITICAL, UNKNOWN = range(4)
LABEL = "transactions_behind"


@dataclass
class Chain:
    """first → between → last; the one between may keep to itself what it receives."""

    first: Server
    between: Server
    last: Server
    plugin: PluginRunner

    def write(self, server: Server, number: int) -> None:
        """Each a database: nobody's data is in another's way."""
        server.sql([f"create database {server.name}_{i}" for i in range(number)])

    def last_has(self, database: str) -> bool:
        return bool(self.last.sql(f"show databases like '{database}'"))

    def compared(self, source: str, *options: str) -> Answer:
        where = {"auto": "auto", "first": Scene.address(self.first), "between": Scene.address(self.between)}[source]
        return self.plugin(PLUGIN, "-f", self.last.monitor_file(), "--source", where, *options)

    def values(self) -> dict[str, float | None]:
        """By each way to name a source; the threshold must say what the value says."""
        found: dict[str, float | None] = {}
        for source in ("auto", "between", "first"):
            plain = self.compared(source, "-w", "errant_transactions=99")
            judged = self.compared(source, "-w", "errant_transactions=99", "-c", f"{LABEL}=0")
            found[source] = plain.perfdata[LABEL].value if LABEL in plain.perfdata else None
            expected = UNKNOWN if found[source] is None else CRITICAL if found[source] else OK
            assert plain.code == OK, plain.stdout
            assert judged.code == expected, (source, judged.stdout)
            assert (f"no value for {LABEL}: " in judged.line1) == (found[source] is None), judged.stdout
        return found


@pytest.fixture
def chain(kind: str, box: Sandbox, plugin: PluginRunner, hands_on: bool) -> Chain:
    family = KINDS[kind].family
    word = "replica" if family == "mysql" else "slave"
    first = box.server("first", kind)
    between = box.replica("between", of=first, options=[f"--log-{word}-updates={'ON' if hands_on else 'OFF'}"])
    last = box.replica("last", of=between)
    for server in (first, between, last):
        server.monitor_file()
    return Chain(first, between, last, plugin)


@pytest.mark.parametrize("hands_on", [True, False], ids=["handed on", "kept"])
def test_a_chain(chain: Chain, hands_on: bool) -> None:
    mysql = chain.last.family == "mysql"
    before = chain.values()
    assert set(before.values()) == {0}
    chain.write(chain.first, 7)
    chain.between.wait_in_sync()
    if hands_on:
        Sandbox.wait_until(lambda: chain.last_has("first_6"), 20, "what the first one wrote")
        assert set(chain.values().values()) == {0}
    else:
        assert chain.values() == {"auto": 7, "between": 7, "first": 7}
    # Now the position is that of a transaction which the first one does not know.
    chain.between.sql("set global read_only=0")
    chain.write(chain.between, 1)
    Sandbox.wait_until(lambda: chain.last_has("between_0"), 20, "what the one between wrote")
    after = chain.values()
    if mysql:
        assert after == dict.fromkeys(after, 0 if hands_on else 7)
    elif hands_on:
        assert after == dict.fromkeys(after, 0)
    else:
        assert after == dict.fromkeys(after, None)


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.family == "mariadb"], indirect=True)
def test_a_source_that_was_promoted_is_compared(kind: str, box: Sandbox, plugin: PluginRunner) -> None:
    """Nobody hands on, as MariaDB has it by default: what the new source once received stands in no log of its own."""
    off = ["--log-slave-updates=OFF"]
    old = box.server("old", kind)
    new, replica = (box.replica(name, of=old, options=off) for name in ("new", "replica"))
    for server in (new, replica):
        server.monitor_file()
    old.sql([f"create database old_{i}" for i in range(5)])
    new.wait_in_sync()
    replica.wait_in_sync()
    new.sql(["stop slave", "set global read_only=0"])
    replica.sql(["stop slave", f"change master to master_port={new.port}", "start slave"])
    new.sql([f"create database new_{i}" for i in range(9)])
    Sandbox.wait_until(lambda: bool(replica.sql("show databases like 'new_8'")), 20, "what the new source wrote")
    check = [PLUGIN, "-f", replica.monitor_file(), "--source", "auto", "-c", f"{LABEL}=0"]
    half_way = plugin(*check)
    assert half_way.code == UNKNOWN and "the source does not hand on what it received" in half_way.line1, half_way
    new.sql("reset slave all")
    done = plugin(*check)
    assert done.code == OK and done.perfdata[LABEL].value == 0, done
    assert "no value" not in done.stdout


@pytest.mark.parametrize("log", ["--log-bin=binlog", "--skip-log-bin"])
def test_what_a_replica_without_a_binary_log_wrote_itself_is_not_seen(
        kind: str, box: Sandbox, plugin: PluginRunner, log: str) -> None:
    source = box.server("source", kind)
    replica = box.replica("replica", of=source, options=[log])
    source.monitor_file()
    label = "errant_transactions"
    said = f"no value for {label}: without a binary log, what this replica wrote itself has no GTIDs"
    check = [PLUGIN, "-f", replica.monitor_file(), "--source", "auto"]
    logs = log != "--skip-log-bin"
    for written in (0, 1):
        if written:
            replica.sql("create database written_here")
        plain, judged = plugin(*check), plugin(*check, "-c", f"{label}=0")
        if logs:
            assert plain.perfdata[label].value == judged.perfdata[label].value == written, plain
            assert (plain.code, judged.code) == ((WARNING, CRITICAL) if written else (OK, OK)), (plain, judged)
            assert "no value" not in plain.stdout + judged.stdout
        else:
            assert (plain.code, judged.code) == (OK, UNKNOWN), (plain, judged)
            assert said in plain.line1 and said in judged.line1
            assert label not in plain.perfdata and label not in judged.perfdata
        assert LABEL in plain.perfdata and plain.perfdata[LABEL].value == 0
    if not logs:
        # What follows such a server is compared with nothing.
        other = plugin(PLUGIN, "-f", box.replica("other", of=source).monitor_file(), "--source", Scene.address(replica))
        assert other.code == UNKNOWN and "it keeps no binary log" in other.line1, other
