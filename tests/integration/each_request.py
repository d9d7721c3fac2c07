"""Runs a plugin once for each request that it sends, and lets that request meet a fault."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from conftest import Answer
from fakes.failing_proxy import HANG, FailingProxy, Fault, Protocol

CRITICAL = 2
AT_ONCE = 8
GRACE = 4
USUAL_TIMEOUT = 25
SHORT_TIMEOUTS = (1, 5, 20)  # for what hangs: a busy machine may need the longer ones to come so far

Ask = Callable[[str, float], Answer]  # with the proxy's address and a time-out


@dataclass
class Attempt:
    proxy: FailingProxy
    at: int
    fault: Fault
    answer: Answer
    failed: bytes  # the request that met the fault
    timeout: float

    def __str__(self) -> str:
        return f"{self.fault.name} {self.fault.bytes or ''} at {self.at}, {self.failed[:60]!r}: {self.answer}"


def never_alerting(labels: list[str]) -> list[str]:
    """Thresholds that any value keeps: what is judged then is whether there is one."""
    return [word for label in labels for word in ("-c", f"{label}=~:1e15")]


def _attempt(proxy: FailingProxy, at: int, fault: Fault, ask: Ask) -> Attempt:
    for timeout in SHORT_TIMEOUTS if fault is HANG else (USUAL_TIMEOUT,):
        proxy.fail(at, fault)
        answer = ask(proxy.address, timeout)
        if proxy.failed:
            break
    return Attempt(proxy, at, fault, answer, proxy.failed, timeout)


@contextlib.contextmanager
def attempts(port: int, protocol: Protocol, ask: Ask, faults: Sequence[Fault], second_run: bool = False) -> Iterator[list[Attempt]]:
    """For each request of a run each of the faults; runs that had less to ask are left out. With `second_run` a run in which
    nothing fails comes a second before each of these."""
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as pool:
        def proxies(count: int) -> list[FailingProxy]:
            made = [stack.enter_context(FailingProxy(port, protocol)) for _ in range(count)]
            if second_run:
                list(pool.map(lambda proxy: ask(proxy.address, USUAL_TIMEOUT), made))
                time.sleep(1.01)  # rates are derived from no less
            return made

        [good] = proxies(1)
        good.fail(0, HANG)
        ask(good.address, USUAL_TIMEOUT)
        plan = [(at, fault) for at in range(1, len(good.requests) + 1) for fault in faults]
        made = pool.map(lambda job: _attempt(job[0], *job[1], ask), zip(proxies(len(plan)), plan))
        yield [attempt for attempt in made if attempt.failed]


def timed_out(attempt: Attempt, step: str) -> bool:
    """In the client's words, or in those of whoever watches over the run."""
    line = attempt.answer.line1
    return attempt.answer.code == CRITICAL and (f"{step}: timed out" in line or f"timed out: {step}" in line)


def position(address: str) -> int:
    """Of one among three: another one for each."""
    return int(address.rpartition(":")[2]) % 3


def check_manners(attempt: Attempt, service: str) -> None:
    answer = attempt.answer
    assert answer.seconds < attempt.timeout + GRACE and answer.stderr == "" and answer.code in range(4), attempt
    state = ("OK", "WARNING", "CRITICAL", "UNKNOWN")[answer.code]
    assert answer.line1.startswith(f"{service} {state} - ") and answer.line1.count("|") <= 1, attempt
    assert answer.stdout.count(f"{service} {state} - ") == 1 and "Pa55w0rd" not in answer.stdout, attempt
