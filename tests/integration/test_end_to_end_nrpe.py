"""The shipped NRPE commands, by the real NRPE: what arrives at check_nrpe, whatever the packet."""

from __future__ import annotations

import concurrent.futures
import os
import time
from collections.abc import Callable, Iterator

import pytest

from conftest import SOAK, parse_perfdata
from monitored_host import PLUGINS, MonitoredHost, Shop
from processes import children_of, parent_of, resident_kib, seconds_of_the_reaped
from sandbox import Sandbox
from sandbox.memcached import Memcached
from sandbox.nrpe import Nrpe, NrpeAnswer

OK, WARNING, CRITICAL, UNKNOWN = range(4)
pytestmark = pytest.mark.xdist_group("nrpe")
PACKETS = {"v2": ["-2"], "v3": ["-3"], "v4": []}
V2_BYTES = 1023
# The rate of 300 service checks a minute.
CHECKS_A_SECOND = 5


@pytest.fixture(scope="module")
def scene() -> Iterator[tuple[Shop, MonitoredHost, Nrpe]]:
    with Sandbox() as box:
        shop = Shop(box)
        host = shop.monitored(box)
        yield shop, host, host.nrpe()


@pytest.mark.parametrize("packet", PACKETS)
@pytest.mark.parametrize("command", PLUGINS)
def test_each_shipped_command_arrives_in_each_packet(scene: tuple[Shop, MonitoredHost, Nrpe], command: str,
                                                     packet: str) -> None:
    answer = scene[2].ask(command, options=PACKETS[packet])
    assert answer.code == OK, answer.output
    assert answer.line1.startswith(f"{command.removeprefix('check_').upper()} OK - ")
    assert parse_perfdata(answer.line1.partition("|")[2])


def test_a_command_takes_no_argument_from_the_network(scene: tuple[Shop, MonitoredHost, Nrpe]) -> None:
    answer = scene[2].ask("check_memcached", "-H", "192.0.2.1")
    assert answer.code == UNKNOWN and "MEMCACHED" not in answer.output


# many targets


@pytest.fixture(scope="module")
def forty() -> Iterator[tuple[MonitoredHost, Nrpe, Memcached]]:
    """One cache under forty addresses, as forty targets of one check."""
    addresses = [f"127.0.0.{last}" for last in range(1, 41)]
    with Sandbox() as box:
        cache = Memcached(box, options=["-l", ",".join(addresses[1:])])
        host = MonitoredHost(box)
        host.set("check_memcached", hostname=",".join(addresses), port=cache.port, instance_labels="always")
        # As the comment in evenkeel.cfg has it, for those who speak version 4 alone.
        text = host.below_root(host.root / "etc/nagios/nrpe.d/evenkeel.cfg")
        [shipped] = [line for line in text.splitlines() if "[check_memcached]" in line]
        host.write("nrpe.d/local.cfg", shipped.replace("--max-output=1023", "--max-output=60000")
                   .replace("[check_memcached]", "[check_memcached_v4]") + "\n")
        nrpe = host.nrpe()
        nrpe.ask("check_memcached_v4")
        yield host, nrpe, cache


def ask_with_traffic(forty: tuple[MonitoredHost, Nrpe, Memcached], name: str, **options: object) -> NrpeAnswer:
    """With all labels: each target has had a run more than a second before, and more gets since than --min-gets.
    Without traffic of its own, whether a run has a hit ratio depends on how many runs there were in that time."""
    _, nrpe, cache = forty
    # Rates are derived from no less than a second; both are measured from the last run that was.
    time.sleep(1.01)
    cache.gets("nothing", 200)
    return nrpe.ask(name, **options)


@pytest.mark.parametrize("packet", PACKETS)
def test_forty_targets_in_each_packet_item_for_item(forty: tuple[MonitoredHost, Nrpe, Memcached], packet: str) -> None:
    answer = ask_with_traffic(forty, "check_memcached", options=PACKETS[packet])
    whole_answer = ask_with_traffic(forty, "check_memcached_v4")
    assert answer.code == OK and answer.line1.startswith("MEMCACHED OK - 40 caches work"), answer.output
    assert len(answer.output.encode()) <= V2_BYTES + 1
    # An item whole or not at all: what is cut off is what came last, and the last one that is there has all its parts.
    items, whole = ([(label, item.uom, item.min, item.max) for label, item in parse_perfdata(text.partition("|")[2]).items()]
                    for text in (answer.line1, whole_answer.line1))
    assert items == whole[:len(items)] and 0 < len(items) < len(whole)
    longest = max(len(item) for item in answer.line1.partition("|")[2].split())
    assert len(answer.output.encode()) > V2_BYTES - 2 * longest, "there was room for more"


def test_version_4_carries_all_forty(forty: tuple[MonitoredHost, Nrpe, Memcached]) -> None:
    answer = forty[1].ask("check_memcached_v4")
    items = parse_perfdata(answer.line1.partition("|")[2])
    assert sum(label.startswith("response_time@") for label in items) == 40, answer.output[-300:]
    assert len(answer.output.splitlines()) == 41, "a line for each of them, too"


# a day at the office


class Office:
    """What a leak would make grow."""

    def __init__(self, shop: Shop, nrpe: Nrpe) -> None:
        self.shop, self.nrpe = shop, nrpe

    def connections(self) -> tuple[int, ...]:
        logins = [sum(row["User"].startswith("evenkeel") for row in server.sql("show processlist"))
                  for server in self.shop.servers]
        return (int(self.shop.cache.stat("curr_connections")), *logins, len(os.listdir(f"/proc/{self.nrpe.pid}/fd")))

    def quiet(self) -> bool:
        return not children_of(self.nrpe.pid) and self.nrpe.running

    def day(self, checks: int) -> list[NrpeAnswer]:
        """At the usual rate, in turn, overlapping where one takes longer."""
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(16) as many:
            answers = []
            for number in range(checks):
                # The rate is what is to be shown; nothing to wait for.
                time.sleep(max(0.0, began + number / CHECKS_A_SECOND - time.monotonic()))
                answers.append(many.submit(self.nrpe.ask, PLUGINS[number % len(PLUGINS)]))
            return [answer.result() for answer in answers]


def test_three_hundred_checks_a_minute_leave_nothing_behind(scene: tuple[Shop, MonitoredHost, Nrpe],
                                                            record_property: Callable[[str, object], None]) -> None:
    shop, _, nrpe = scene
    office = Office(shop, nrpe)
    warden = parent_of(nrpe.pid)
    # The first checks make what is kept: the state folder, the daemon's own memory.
    office.day(2 * len(PLUGINS))
    Sandbox.wait_until(office.quiet, 20, "nrpe is idle")
    connections, resident, spent = office.connections(), resident_kib(nrpe.pid), seconds_of_the_reaped(warden)
    checks = 600 if SOAK else 40
    answers = office.day(checks)
    wrong = [answer for answer in answers if answer.code != OK]
    assert len(answers) == checks and not wrong, wrong[:3]
    Sandbox.wait_until(office.quiet, 20, lambda: f"children of nrpe: {children_of(nrpe.pid)}")
    Sandbox.wait_until(lambda: office.connections() == connections, 20,
                       lambda: f"connections were {connections}, are {office.connections()}")
    Sandbox.wait_until(lambda: "Z" not in children_of(warden).values(), 20, "no zombie")
    grown = resident_kib(nrpe.pid) - resident
    assert grown <= 256, f"nrpe grew by {grown} KiB in {checks} checks"
    record_property("milliseconds of CPU per check", round(1000 * (seconds_of_the_reaped(warden) - spent) / checks, 1))
    record_property("KiB that nrpe grew", grown)
