"""check_apache_rps: a counter is one server's. Real Apaches behind caches and balancers, and pages in other languages."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
import urllib.request
from collections.abc import Iterator

import pytest

from conftest import Answer, PluginRunner
from fakes.in_front_of_apache import CacheRenewedOnce, CachingProxy, Scripted, balancer
from sandbox import Sandbox
from sandbox.apache import Apache

CHECK = "check_apache_rps"
OK, WARNING, CRITICAL, UNKNOWN = range(4)


@contextlib.contextmanager
def visited(apache: Apache) -> Iterator[None]:
    """With traffic, so that a page that is not of its moment gives a wrong rate."""
    stop = threading.Event()

    def visit() -> None:
        while not stop.wait(0.02):
            apache.request("/")

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        yield
    finally:
        stop.set()
        visitor.join()


def check(plugin: PluginRunner, *arguments: object) -> Answer:
    answer = plugin(CHECK, *arguments)
    assert answer.stderr == "" and answer.code in range(4)
    return answer


@pytest.fixture(scope="module")
def servers() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="module")
def apache(servers: Sandbox) -> Apache:
    return Apache(servers, "one")


@pytest.fixture(scope="module")
def twins(servers: Sandbox) -> tuple[Apache, Apache]:
    """Of the same second where that can be had, so that uptime and RestartTime are the same; one has seen more."""
    for turn in range(20):
        made: list[Apache] = []
        threads = [threading.Thread(target=lambda i=i: made.append(Apache(servers, f"twin-{turn}-{i}"))) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len({apache.status("RestartTime") for apache in made}) == 1:
            made[0].requests(300)
            return made[0], made[1]
        for apache in made:
            apache.kill()
    raise AssertionError("no two servers of the same second")


def no_rate(answer: Answer, words: str) -> None:
    assert answer.code == UNKNOWN and words in answer.line1, answer.stdout
    assert not {"rps", "bytes_per_second", "request_duration"} & set(answer.perfdata)
    assert "busy_workers" in answer.perfdata


@pytest.mark.parametrize("order", [1, -1], ids=["the older first", "the younger first"])
@pytest.mark.parametrize("kind", ["request", "request-without-keep-alive", "connection"])
def test_two_servers_of_the_same_second(plugin: PluginRunner, twins: tuple[Apache, Apache], kind: str, order: int) -> None:
    with balancer(kind, [apache.port for apache in twins[::order]]) as front:
        for more in (["-i", "0.1"], ["-i", "0.1"], ["-i", "0.3"], ["--no-state"], ["-i", "0.1", "-c", "1:"]):
            no_rate(check(plugin, "-H", front.address, *more), "several servers answer at this address: no rate")


@pytest.mark.parametrize("kind", ["request", "connection"])
def test_two_servers_of_different_age(plugin: PluginRunner, servers: Sandbox, apache: Apache, kind: str) -> None:
    Sandbox.wait_until(lambda: int(apache.status("Uptime")) >= 4, 10)
    young = Apache(servers, f"young-{kind}")
    with balancer(kind, [apache.port, young.port]) as front:
        for _ in range(4):
            no_rate(check(plugin, "-H", front.address, "-i", "0.1"), "several servers answer at this address")


def test_one_server_behind_a_balancer_is_none_of_that(plugin: PluginRunner, apache: Apache) -> None:
    for kind in ("request", "request-without-keep-alive", "connection"):
        with balancer(kind, [apache.port]) as front:
            for _ in range(4):
                answer = check(plugin, "-H", front.address, "-i", "0.2")
                assert answer.code == OK and "rps" in answer.perfdata and "another" not in answer.stdout


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_server_with_few_workers_is_not_held_up(plugin: PluginRunner, servers: Sandbox, workers: int) -> None:
    """A connection that is kept holds a worker of prefork. Whoever is still waiting for one of ours gives up after two
    seconds."""
    few = f"MaxRequestWorkers {workers}\nKeepAliveTimeout 60\n"
    apache = Apache(servers, f"few-{workers}", mpm="prefork", more=few)
    seconds: list[float] = []
    while not seconds or min(seconds) >= 2:
        answer = check(plugin, "-H", apache.address, "-i", "0.1", "--no-state", "-vvv")
        assert answer.code == OK and "rps" in answer.perfdata
        seconds.append(answer.seconds)
        assert len(seconds) < 4, answer.stdout


@pytest.mark.parametrize("told", [{"tells_age": True}, {}, {"tells_hit": True}, {"keep_alive": False}],
                         ids=["age", "nothing", "hit", "no-keep-alive"])
def test_a_cached_page(plugin: PluginRunner, apache: Apache, told: dict[str, bool]) -> None:
    with CachingProxy(apache.port, 120, **told) as front:
        check(plugin, "-H", front.address, "-c", "1:")
        # By now it is in the cache, and not of this second.
        for more in ([], ["-i", "0.1"], ["--no-state"], ["-i", "0.3", "-t", "1"]):
            no_rate(check(plugin, "-H", front.address, "-c", "1:", *more), "a cache answers")
        told_to_caches = {name.lower(): value for name, value in front.requests[-1][1].items()}
        assert told_to_caches["cache-control"] == told_to_caches["pragma"] == "no-cache"


def test_how_old_the_page_is(plugin: PluginRunner, apache: Apache) -> None:
    aged = [("Content-Type", "text/plain"), ("Age", "34")]
    page = apache.request("/server-status?auto")[1].encode()
    with Scripted(lambda _, __: (200, aged, page)) as front:
        no_rate(check(plugin, "-H", front.address), "the page is 34 s old: a cache answers")
        assert len(front.requests) == 1, "nothing more can be learnt"


@pytest.mark.parametrize("seconds", [0.4, 1, 1.6])
@pytest.mark.parametrize("interval", ["0.15", "0.5"])
def test_a_page_that_is_cached_for_a_moment(plugin: PluginRunner, apache: Apache, seconds: float, interval: str) -> None:
    """With traffic, so that a page that is not of its moment gives a wrong rate."""
    with visited(apache), CachingProxy(apache.port, seconds) as front:
        for _ in range(3):
            answer = check(plugin, "-H", front.address, "-i", interval, "--no-state")
            if seconds > float(interval) + 0.3:
                no_rate(answer, "a cache answers")
            elif answer.code == OK:
                assert answer.perfdata["rps"].value > 5, "an invented rate"


@pytest.mark.parametrize("age", [0.3, 0.6, 1.0, 1.3])
def test_a_page_that_is_renewed_between_the_two_samples(plugin: PluginRunner, apache: Apache, age: float) -> None:
    """The first page has that age when the run begins, so that the second one is as young as it seems."""
    # Ours is the first request, the second sample the third.
    with visited(apache), CacheRenewedOnce(apache.port, 3) as front:
        urllib.request.urlopen(f"http://{front.address}/server-status?auto").close()
        time.sleep(age)
        no_rate(check(plugin, "-H", front.address, "-i", "0.4", "--no-state"), "a cache answers")


def test_a_cache_that_lets_go_is_forgotten(plugin: PluginRunner, apache: Apache) -> None:
    with CachingProxy(apache.port, 120) as front:
        no_rate(check(plugin, "-H", front.address, "-i", "0.3"), "a cache answers")
        front.seconds = 0
        answer = check(plugin, "-H", front.address, "-i", "0.3")
        assert answer.code == OK and answer.perfdata["rps"].value == 0


# fakes whose time goes on


class Living:
    """A status page with an uptime, counters and words of our choice."""

    def __init__(self, rate: float = 50, up: float = 5000, counts_requests: bool = True) -> None:
        self.began, self.rate, self.up, self.counts = time.time() - up, rate, up, counts_requests
        self.words = itertools.cycle(["Sunday, 22-Nov-2026 13:18:47 UTC"])
        self.ahead = 0.0

    def __call__(self, _path: str, count: int) -> tuple[int, list[tuple[str, str]], bytes]:
        up = time.time() - self.began + self.ahead
        accesses = int(up * self.rate) + (count if self.counts else 0)
        body = (f"127.0.0.1\nServerVersion: Apache/2.4.57\nRestartTime: {next(self.words)}\n"
                f"ServerUptimeSeconds: {int(up)}\nTotal Accesses: {accesses}\nTotal kBytes: {accesses * 2}\n"
                f"Total Duration: {accesses * 3}\nUptime: {int(up)}\nScoreboard: W___....\n")
        return 200, [("Content-Type", "text/plain")], body.encode()


WORDS = ["Sunday, 22-Nov-2026 13:18:47 UTC", "Sonntag, 22-Nov-2026 13:18:47 UTC", "dimanche, 22-nov.-2026 14:18:47 CET",
         "воскресенье, 22-ноя-2026 16:18:47 MSK"]


@pytest.mark.parametrize("words", list(itertools.permutations(WORDS, 2)), ids=lambda pair: f"{pair[0][:3]}-{pair[1][:3]}")
def test_a_start_in_another_language_is_no_restart(plugin: PluginRunner, words: tuple[str, str]) -> None:
    living = Living(rate=100)
    living.words = itertools.cycle(words)
    with Scripted(living) as front:
        for _ in range(3):
            answer = check(plugin, "-H", front.address, "-i", "0.4")
            assert answer.code == OK and "restarted" not in answer.stdout and "another" not in answer.stdout
            assert answer.perfdata["rps"].value == pytest.approx(100, rel=0.2)


@pytest.mark.parametrize("up", [0.3, 5, 100000])
@pytest.mark.parametrize("rate", [0, 3, 2000])
@pytest.mark.parametrize("counts", [True, False])
def test_a_fine_server_has_its_rate(plugin: PluginRunner, up: float, rate: float, counts: bool) -> None:
    # mod_status counts what it is asked. A page that does not, as behind a proxy that speaks HTTP/2 to the server, may
    # stand still for a while: it is as alive as its uptime.
    interval = "0.3" if counts else "1"
    with Scripted(Living(rate, up, counts)) as front:
        for more in (["-i", interval], ["-i", interval], ["--no-state", "-i", interval]):
            answer = check(plugin, "-H", front.address, *more)
            assert answer.code == OK and "anew" not in answer.stdout, answer.stdout
            assert answer.perfdata["rps"].value == pytest.approx(rate, rel=0.2, abs=5)


@pytest.mark.parametrize("step", [-3000.0, -30.0, -3.0, 3.0, 30.0, 3000.0])
def test_the_servers_clock_is_set(plugin: PluginRunner, step: float) -> None:
    """Its uptime jumps, and its counters do not: sampled anew, and neither a restart nor two servers."""
    living = Living(rate=0)
    with Scripted(living) as front:
        assert check(plugin, "-H", front.address, "-i", "0.2").code == OK
        living.ahead = step
        time.sleep(1.1)
        answer = check(plugin, "-H", front.address, "-i", "0.2")
        assert answer.code == OK and answer.perfdata["rps"].value == 0
        assert "its uptime did not grow with the time since the last run, so it was sampled anew" in answer.line1


def test_a_slow_page(plugin: PluginRunner) -> None:
    """Made at any moment of the time that the answer took."""
    living = Living(rate=100)

    def slowly(path: str, count: int) -> tuple[int, list[tuple[str, str]], bytes]:
        early = living(path, count) if count % 2 else None
        time.sleep(0.7)
        return early or living(path, count)

    with Scripted(slowly) as front:
        for _ in range(3):
            answer = check(plugin, "-H", front.address, "-i", "0.2", "-t", 20)
            assert answer.code == OK and "another" not in answer.stdout and "anew" not in answer.stdout
            assert 20 < answer.perfdata["rps"].value < 400


def test_a_graceful_restart_is_not_another_server(plugin: PluginRunner, servers: Sandbox) -> None:
    apache = Apache(servers, "reloaded", more="ServerTokens Full\n")
    assert check(plugin, "-H", apache.address, "-i", "0.2").code == OK
    configuration = apache.folder / "apache.conf"
    for tokens in ("Prod", "Major", "Full"):
        configuration.write_text(configuration.read_text() + f"ServerTokens {tokens}\n")
        apache.requests(30)
        apache.graceful()
        Sandbox.wait_until(lambda: True, 1)
        answer = check(plugin, "-H", apache.address, "-i", "0.05")
        assert answer.code == OK and "anew" not in answer.stdout, answer.stdout
        assert answer.perfdata["rps"].value > 0
