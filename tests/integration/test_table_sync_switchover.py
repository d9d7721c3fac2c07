"""check_table_sync after a switchover, with accounts that may SELECT and see no replication status: who is waited for,
and who is a source that no wait would ever end on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conftest import SOAK, PluginRunner
from sandbox import KINDS, KindUnavailable, Sandbox, Server, kinds
from sync_scene import SyncScene, writing

SHARED_SERVERS = "switched"  # see conftest.py


def read_only(server: Server, on: bool) -> None:
    server.sql(f"set global read_only = {int(on)}")


def promote(server: Server) -> None:
    words = "slave" if server.family == "mariadb" else "replica"
    server.sql([f"stop {words}", f"reset {words} all"])
    read_only(server, False)
    server.settings.sources.clear()
    server.settings.write(server.folder)


def switch_over(old: Server, new: Server, others: tuple[Server, ...] = ()) -> None:
    """As by the book: what the new source has is all that the old one wrote."""
    new.wait_in_sync(30)
    for server in others:
        server.wait_in_sync(30)
        promote(server)
    promote(new)
    for server in (old, *others):
        server.replicate_from({"": new})
        read_only(server, True)
        server.wait_in_sync(30)


class Switched:
    """db1 was the source; db2 is it now, and db1 and db3 are its replicas."""

    def __init__(self, box: Sandbox, kind: str) -> None:
        self.old = box.server("db1", kind=kind)
        self.new = box.replica("db2", of=self.old)
        self.third = box.replica("db3", of=self.old)
        self.old.sql(["create database shop", "create table shop.old (id int primary key)",
                      "insert into shop.old values (1), (2), (3)"])
        switch_over(self.old, self.new, (self.third,))
        self.new.sql("insert into shop.old values (4)")
        for server in (self.old, self.third):
            server.wait_in_sync(30)


@pytest.fixture(scope="module", params=list(KINDS))
def switched(request: pytest.FixtureRequest) -> Iterator[Switched]:
    try:
        kinds.programs(request.param)
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    with Sandbox() as box:
        yield Switched(box, request.param)


@pytest.fixture
def scene(switched: Switched, plugin: PluginRunner) -> Iterator[SyncScene]:
    """The new source and its replica, the old source."""
    for server in (switched.old, switched.third):
        server.forget_own_transactions()
    scene = SyncScene([switched.new, switched.old], plugin)
    scene.source.sql("drop table if exists shop.flags")
    scene.create_flags(2000)
    yield scene
    read_only(switched.new, False)
    read_only(switched.old, True)


@pytest.mark.parametrize("writable", ["replica read-only", "both writable"])
@pytest.mark.parametrize("busy", [False, True], ids=["quiet", "under writes"])
@pytest.mark.parametrize("errant", [False, True], ids=["unlogged", "errant"])
def test_drift_on_the_replica(scene: SyncScene, writable: str, busy: bool, errant: bool) -> None:
    [replica] = scene.others
    read_only(replica, writable == "replica read-only")
    statement = "update shop.flags set created = '2001-01-01' where id = 60"
    if errant:
        replica.sql(statement)
    else:
        scene.only_on(replica, statement)
    if busy:
        with writing(scene.source, 2000, followers=scene.others):
            answer = scene.check("-t", "20", "--confirm", "1")
    else:
        answer = scene.check("-t", "20", "--confirm", "1")
    # The reference may be either.
    scene.servers.reverse()
    answers = [answer, scene.check("-t", "20", "--confirm", "1")]
    assert [(a.code, "(id 60)" in a.line1, "apply" in a.stdout) for a in answers] == [(2, True, False)] * 2, answers
    assert answer.perfdata["rows_differing"].value == 1
    assert answer.perfdata["rows_unconfirmed"].value == 0, answer


@pytest.mark.parametrize("writable", ["replica read-only", "both writable"])
def test_drift_on_the_source(scene: SyncScene, writable: str) -> None:
    read_only(scene.others[0], writable == "replica read-only")
    scene.only_on(scene.source, "delete from shop.flags where id = 60")
    answer = scene.check("-t", "20", "--confirm", "1")
    assert answer.code == 2 and "(id 60)" in answer.line1, answer
    assert "apply" not in answer.stdout, answer


@pytest.mark.parametrize("writable", ["replica read-only", "both writable"])
def test_a_replica_that_stopped_is_still_waited_for(scene: SyncScene, writable: str) -> None:
    [replica] = scene.others
    read_only(replica, writable == "replica read-only")
    with replica.breakages.stop_sql():
        scene.source.sql("update shop.flags set active = 0 where id <= 5")
        answer = scene.check("-t", "20", "--confirm", "1")
    assert answer.code == 3, answer
    assert f"{scene.name(replica)}: does not apply" in answer.line1, answer
    assert f"{scene.name(scene.source)}: does not apply" not in answer.stdout, answer
    assert answer.perfdata["rows_differing"].value == 0


@pytest.mark.parametrize("writable", ["replica read-only", "both writable"])
def test_rows_on_their_way_to_a_slow_replica(scene: SyncScene, writable: str) -> None:
    [replica] = scene.others
    read_only(replica, writable == "replica read-only")
    with replica.breakages.delayed(2, waiting=False), writing(scene.source, 2000):
        for _ in range(3 if SOAK else 2):
            answer = scene.check("-t", "12", "--confirm", "3")
            assert answer.perfdata["rows_differing"].value == 0, answer
            assert answer.code != 2, answer
    scene.settle()


@pytest.mark.parametrize("busy", [False, True], ids=["quiet", "under writes"])
def test_errant_rows_that_a_third_server_has_as_well(switched: Switched, plugin: PluginRunner, busy: bool) -> None:
    """db3 replicates from the replica db1: what db1 wrote itself comes to the source from neither."""
    for server in (switched.old, switched.third):
        server.forget_own_transactions()
    read_only(switched.old, True)
    chain = SyncScene([switched.new, switched.old, switched.third], plugin)
    chain.source.sql("drop table if exists shop.flags")
    promote(switched.third)
    switched.third.replicate_from({"": switched.old})
    read_only(switched.third, True)
    try:
        chain.create_flags(1000)
        switched.old.sql("update shop.flags set created = '2001-01-01' where id = 60")
        switched.third.wait_in_sync(30)
        if busy:
            with writing(chain.source, 1000, followers=[switched.old]):
                answer = chain.check("-t", "20", "--confirm", "1")
        else:
            answer = chain.check("-t", "20", "--confirm", "1")
        assert answer.code == 2 and "(id 60)" in answer.line1, answer
        assert "apply" not in answer.stdout, answer
    finally:
        switched.old.forget_own_transactions()
        promote(switched.third)
        switched.third.replicate_from({"": switched.new})
        switched.third.forget_own_transactions()
        read_only(switched.third, True)
