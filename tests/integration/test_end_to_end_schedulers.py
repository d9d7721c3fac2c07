"""The shipped objects under the real Nagios and the real Icinga 2: green, then each thing breaks alone, then green."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from conftest import PerfValue, parse_perfdata
from monitored_host import MonitoredHost, Shop
from sandbox import Sandbox
from sandbox.icinga import Icinga
from sandbox.nagios import Nagios
from sandbox.nrpe import Nrpe

OK, WARNING, CRITICAL, UNKNOWN = range(4)
# Each service, the plugin behind it, and a label that it must have.
SERVICES = {"mysql-replication": "lag", "apache-rps": "rps", "memcached": "response_time", "table-sync": "rows_compared"}
SECONDS = 60
# One scene for all of them, under one scheduler after the other.
pytestmark = pytest.mark.xdist_group("schedulers")


@dataclass(frozen=True)
class Result:
    state: int
    output: str
    perfdata: dict[str, PerfValue]
    # When it began.
    when: float


class Scheduler(Protocol):
    def results(self) -> dict[str, Result]:
        """The last result of each service that has one."""

    def hurry(self, service: str) -> None:
        """Asks for a check before the next regular one is due."""

    def printed(self, service: str) -> str:
        """The first line that the plugin itself prints now, called just as the scheduler calls it."""

    def end(self) -> None:
        """Checks no more."""


class UnderNagios:
    """Through check_nrpe, as evenkeel-example.cfg has it; a time unit is one second."""

    host_name = "evenkeel-example"

    def __init__(self, host: MonitoredHost) -> None:
        self.nrpe: Nrpe = host.nrpe()
        example = (host.objects / "nagios" / "evenkeel-example.cfg").read_text()
        mine, count = re.subn(r"#_NRPE_PORT  5667", f"_NRPE_PORT  {self.nrpe.port}", example)
        assert count == 1, "the example says where NRPE's port goes"
        # The host has its tables named, so the service that waits for them is wanted.
        head, waiting, tail = mine.partition("#define service {")
        mine = head + "".join(line.removeprefix("#") for line in (waiting + tail).splitlines(keepends=True))
        copy = host.box.folder / "example.cfg"
        copy.write_text(mine)
        self.nagios = Nagios(host.box, plugins=host.plugins, objects=[host.objects / "nagios" / "evenkeel.cfg", copy])
        self.nagios.start()

    def results(self) -> dict[str, Result]:
        return {name: Result(int(found["current_state"]), found["plugin_output"], parse_perfdata(found["performance_data"]),
                             float(found["last_check"]))
                for name, found in self.nagios.services().items() if found["has_been_checked"] == "1"}

    def hurry(self, service: str) -> None:
        self.nagios.check_now(self.host_name, service)

    def printed(self, service: str) -> str:
        text, bar, items = self.nrpe.ask("check_" + service.replace("-", "_")).line1.partition("|")
        # A semicolon ends a field of Nagios' commands: it writes a colon in its place.
        return text.replace(";", ":") + bar + items

    def end(self) -> None:
        self.nagios.end()
        self.nrpe.end()


class UnderIcinga:
    """By its own scheduler and with the plugins' own commands, every option a variable."""

    def __init__(self, host: MonitoredHost, shop: Shop) -> None:
        self.host = host
        variables = {
            "evenkeel": ["mysql_replication", "apache_rps", "memcached"],
            "evenkeel_mysql_replication_hostname": "",
            "evenkeel_mysql_replication_file": [str(host.etc / "instances" / f"{one}.cnf") for one in ("replica1", "replica2")],
            "evenkeel_apache_rps_port": shop.apache.port, "evenkeel_apache_rps_interval": 0.2,
            "evenkeel_apache_rps_warning": ["busy_percent=90", "idle_workers=1:"],
            "evenkeel_memcached_port": shop.cache.port, "evenkeel_memcached_timeout": 3,
            "evenkeel_memcached_critical": ["response_time=2.5"],
            "evenkeel_table_sync_hostname": [f"{one.host}:{one.port}" for one in shop.servers],
            "evenkeel_table_sync_file": str(host.etc / "sync.cnf"), "evenkeel_table_sync_table": ["shop.*"],
        }
        lines = "".join(f"  vars.{name} = {json.dumps(value)}\n" for name, value in variables.items())
        more = (f'const EvenkeelLightInterval = 1s\nconst EvenkeelHeavyInterval = 2s\n'
                f'include "{host.objects}/icinga2/evenkeel-services.conf"\n'
                f'object Host "shop" {{\n  check_command = "dummy"\n  address = "127.0.0.1"\n{lines}}}\n')
        self.icinga = Icinga(host.box, plugins=host.plugins, include=[host.objects / "icinga2" / "evenkeel.conf"], more=more)
        self.icinga.start(host.environment)

    def found(self) -> dict[str, dict[str, Any]]:
        services = self.icinga.services()
        return {name: one["last_check_result"] for name, one in services.items() if one["last_check_result"]}

    def results(self) -> dict[str, Result]:
        return {name: Result(int(one["state"]), one["output"].partition("\n")[0],
                             parse_perfdata(" ".join(one["performance_data"])), one["execution_start"])
                for name, one in self.found().items()}

    def hurry(self, service: str) -> None:
        """Its interval is short enough."""

    def printed(self, service: str) -> str:
        words = self.found()[service]["command"]
        return self.host.run(words).partition("\n")[0]

    def end(self) -> None:
        self.icinga.end()


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as mine:
        yield mine


@pytest.fixture(scope="module")
def shop(box: Sandbox) -> Shop:
    return Shop(box)


@pytest.fixture(scope="module")
def host(box: Sandbox, shop: Shop) -> MonitoredHost:
    host = shop.monitored(box)
    # A frozen cache is waited for; here, not for all of nine seconds.
    host.set("check_memcached", timeout=3)
    return host


@pytest.fixture(scope="module", params=["nagios", "icinga"])
def scheduler(request: pytest.FixtureRequest, host: MonitoredHost, shop: Shop) -> Iterator[Scheduler]:
    chosen: Scheduler = UnderNagios(host) if request.param == "nagios" else UnderIcinga(host, shop)
    yield chosen
    chosen.end()


def fresh(scheduler: Scheduler, wanted: dict[str, int]) -> dict[str, Result]:
    """Waits until each service was checked after now, and is in the wanted state."""
    # Nagios keeps whole seconds.
    since = int(time.time()) + 1
    asked = 0.0

    def settled() -> dict[str, Result]:
        nonlocal asked
        found = scheduler.results()
        late = [name for name in wanted if name not in found or found[name].when < since or found[name].state != wanted[name]]
        if time.time() >= max(since, asked + 3):
            asked = time.time()
            for name in late:
                scheduler.hurry(name)
        return {} if late else found

    return Sandbox.wait_until(settled, SECONDS, lambda: f"{wanted}: {scheduler.results()}")


def states(scheduler: Scheduler) -> dict[str, int]:
    return {name: one.state for name, one in scheduler.results().items()}


@contextlib.contextmanager
def stopped_sql_thread(shop: Shop) -> Iterator[None]:
    with shop.replica1.breakages.sql_error(1062):
        yield


@contextlib.contextmanager
def drifted_row(shop: Shop) -> Iterator[None]:
    shop.replica2.sql(["set sql_log_bin=0", "update shop.orders set note='drifted' where id=7"])
    try:
        yield
    finally:
        shop.replica2.sql(["set sql_log_bin=0", "update shop.orders set note='n7' where id=7"])


@contextlib.contextmanager
def stopped_apache(shop: Shop) -> Iterator[None]:
    shop.apache.kill()
    try:
        yield
    finally:
        shop.apache.start()


@contextlib.contextmanager
def frozen_cache(shop: Shop) -> Iterator[None]:
    shop.cache.freeze()
    try:
        yield
    finally:
        shop.cache.thaw()


# What is done, which service it is that turns CRITICAL, and what it must say.
BREAKAGES = {
    "mysql-replication": (stopped_sql_thread, r"replica1: SQL thread stopped, error 1062 \"Duplicate entry '1\d*'"),
    "table-sync": (drifted_row, r"shop\.orders: 127\.0\.0\.1:\d+ differs in 1 row \(id 7\)"),
    "apache-rps": (stopped_apache, r"connecting.*: connection refused"),
    "memcached": (frozen_cache, r"timed out"),
}
GREEN = dict.fromkeys(SERVICES, OK)


def test_all_services_turn_green_with_performance_data(scheduler: Scheduler) -> None:
    found = fresh(scheduler, GREEN)
    assert set(found) == set(SERVICES)
    for name, label in SERVICES.items():
        assert found[name].output.startswith(f"{name.upper().replace('-', '_')} OK - ")
        assert any(one == label or one.startswith(label + "@") for one in found[name].perfdata), found[name]


def test_the_drop_in_file_of_nrpe_is_read(host: MonitoredHost) -> None:
    """Where upgrades never look: one's own version of a command comes last, and counts."""
    host.write("nrpe.d/mine.cfg", "command[check_memcached]=/bin/echo mine\n")
    nrpe = host.nrpe("nrpe-with-mine")
    assert nrpe.ask("check_memcached").line1 == "mine"
    nrpe.end()
    (host.etc / "nrpe.d" / "mine.cfg").unlink()


def test_icinga_checks_through_nrpe_as_well(box: Sandbox, host: MonitoredHost) -> None:
    """The rules for hosts behind NRPE, light and heavy."""
    nrpe = host.nrpe("nrpe-for-icinga")
    objects = host.objects / "icinga2"
    icinga = Icinga(box, "icinga-through-nrpe", plugins=host.plugins, include=[objects / "evenkeel.conf"], more=(
        f'const EvenkeelLightInterval = 1s\nconst EvenkeelHeavyInterval = 1s\ninclude "{objects}/evenkeel-services.conf"\n'
        'object Host "web1" {\n  check_command = "dummy"\n  address = "127.0.0.1"\n'
        '  vars.evenkeel_nrpe = [ "check_mysql_replication", "check_apache_rps", "check_memcached" ]\n'
        f'  vars.evenkeel_nrpe_heavy = [ "check_table_sync" ]\n  vars.nrpe_port = {nrpe.port}\n}}\n'))
    icinga.start()

    def results() -> dict[str, Any]:
        found = {name: one["last_check_result"] for name, one in icinga.services().items()}
        return found if all(found.values()) else {}

    found = Sandbox.wait_until(results, SECONDS, "each service has been checked")
    assert {name: one["state"] for name, one in found.items()} == GREEN, found
    assert all(one["performance_data"] for one in found.values())
    icinga.end()
    nrpe.end()


@pytest.mark.parametrize("service", BREAKAGES)
def test_what_breaks_turns_critical_alone_and_green_again(scheduler: Scheduler, shop: Shop, service: str) -> None:
    breakage, text = BREAKAGES[service]
    Sandbox.wait_until(lambda: states(scheduler) == GREEN, SECONDS, lambda: f"green before: {scheduler.results()}")
    with breakage(shop):
        found = fresh(scheduler, {**GREEN, service: CRITICAL})[service]
        assert re.search(text, found.output), found.output
        line, _, items = scheduler.printed(service).partition("|")
        assert found.output.strip() == line.strip(), "what the plugin printed, word for word"
        assert set(found.perfdata) == set(parse_perfdata(items))
    fresh(scheduler, GREEN)


@pytest.mark.parametrize("scheduler", ["icinga"], indirect=True)
def test_icinga_keeps_thresholds(scheduler: UnderIcinga) -> None:
    """Those that are plain numbers, that is; a range such as 1: would make it drop both."""
    found = fresh(scheduler, GREEN)
    lag = found["mysql-replication"].perfdata["lag@replica1"]
    assert (lag.warn, lag.crit, lag.uom) == ("300", "600", "s")
    assert found["table-sync"].perfdata["rows_differing"].crit == "0"
    assert found["memcached"].perfdata["response_time"].crit == "2.5"
    assert found["apache-rps"].perfdata["busy_percent"].warn == "90"
    assert found["apache-rps"].perfdata["idle_workers"].warn == ""
