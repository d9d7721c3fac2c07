"""Everything around a check: options, the deadline, signals, descriptors, the one write. No server needed."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import resource
import signal
import subprocess
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import SANITIZED, Answer, PluginRunner
from sandbox import Sandbox

STUB = "check_stub"


def stub(plugin: PluginRunner, *arguments: object, **options: object) -> Answer:
    return plugin(STUB, *arguments, **options)


@pytest.mark.parametrize("arguments, code, words", [
    ([], 0, "STUB OK - fine | depth=1;;100"),
    (["--value", "101"], 2, "STUB CRITICAL - depth 101 (critical: above 100) | depth=101;;100"),
    (["-w", "0", "--value", "1"], 1, "STUB WARNING - depth 1 (warning: above 0) | depth=1;0;100"),
    (["-w", "depth=0", "-c", "~:"], 1, "depth=1;0;~:"),
    (["--act", "throw"], 3, "STUB UNKNOWN - internal error: something broke"),
    (["--act", "usage"], 3, "STUB UNKNOWN - --act: usage is no act"),
    (["-w", "foo=1"], 3, "unknown label \"foo\"; the labels are depth, width"),
    (["-w", "1", "-w", "2"], 3, "--warning: given twice for depth"),
    (["-c", "2:1"], 3, "--critical: \"2:1\" is not a range: the start 2 is above the end 1"),
    (["-c", "depth@nobody=5"], 3, "the threshold for depth@nobody matches nothing"),
    (["-t", "0"], 3, "--timeout: \"0\" does not begin with a number of seconds"),
    (["-t", "5:maybe"], 3, "names no state"),
    (["-t", "x"], 3, "--timeout: the value does not begin"),
    (["--output", "xml"], 3, "--output: \"xml\" is none of text, json"),
    (["--perfdata-thresholds=all"], 3, "is none of range, plain, none"),
    (["--max-output", "9"], 3, "--max-output: 9 is not within"),
    (["--max-output", "500", "--output", "json"], 3, "--max-output"),
    (["--state-dir", "/x", "--no-state"], 3, "exclude each other"),
    (["--tim", "5"], 3, "unknown option --tim"),
    (["stray"], 3, "argument 1 is no option and no option's value"),
    (["-c", " 1"], 3, "--critical: \" 1\" is not a range: the end \" 1\" is not a number"),
    (["--state-dir", "", "--act", "count"], 3, "--state-dir is empty"),
    (["-t", "5", "-t", "6"], 3, "-t --timeout is given twice"),
    (["--extra-opts=nosuch@/nonexistent.ini"], 3, "/nonexistent.ini"),
])
def test_options(plugin: PluginRunner, arguments: list[str], code: int, words: str) -> None:
    answer = stub(plugin, *arguments)
    assert answer.code == code, answer
    shown = json.loads(answer.stdout)["summary"] if "json" in arguments else answer.line1
    assert words in shown
    assert answer.stderr == ""
    assert answer.stdout.count("\n") == 1


# Letters that no name of an option and no other word of an answer has in this order.
SECRET = "Zq7Zw9Zk4"
SECRET_OPTIONS = ("password", "password-file", "auth-file", "header", "proxy", "p")
FORMS: list[list[str]] = [[], ["-vvv"], ["--output", "json"], ["--output", "json", "-vvv"]]


def shows_any(text: str) -> bool:
    return any(SECRET[i:i + 2].lower() in text.lower() for i in range(len(SECRET) - 1))


def mistyped(name: str) -> list[list[str]]:
    """Ways to get a secret onto the command line that are none of this plugin's."""
    names = [name, name.upper(), name + "s", name[:-1], name[:3] + name[2:]] if len(name) > 1 else [name]
    joints = ["", ":", " ", "\t", "/", ".", ",", "\"", "'", "=="]
    ways = [[f"--{one}{joint}{SECRET}"] for one in names for joint in joints]
    ways += [[f"-{one}{joint}{SECRET}"] for one in names for joint in joints]
    ways += [[f"--{one}", SECRET] for one in names] + [[f"--{one}", "=", SECRET] for one in names]
    return ways + [["--act", "fine", SECRET], [SECRET], ["--", SECRET], ["--password", "a", SECRET],
                   ["-p", SECRET, "-p", SECRET], [f"--password={SECRET}", f"--password={SECRET}"]]


@pytest.mark.parametrize("name", SECRET_OPTIONS)
def test_a_mistyped_secret_is_not_shown(plugin: PluginRunner, name: str) -> None:
    for i, words in enumerate(mistyped(name)):
        answer = stub(plugin, *words, *FORMS[i % len(FORMS)])
        assert answer.code in (0, 3) and not shows_any(answer.stdout), (words, answer.stdout)
        assert answer.stderr == ""


def malformed(name: str) -> list[str]:
    """Lines, or several, that mean to give this option a value; "=" at the end is base64's."""
    lines = [f"{name}{joint}{SECRET}{end}" for joint in ("", " ", ":", ": ", "\t", "  ", "\"", ".") for end in ("", "=", "==", "=x")]
    lines += [f"{name} = \"{SECRET}", f"{name} = '{SECRET}\n {SECRET}=", f"{name} =\n  {SECRET}=", f"{name} = \\\n{SECRET}==",
              f"{name}s = {SECRET}", f"{name.upper()} = {SECRET}", f"--{name} = {SECRET}", f"{name[:-1]} {SECRET}=", f"{name}\n{SECRET}=="]
    lines += [f"{name} = {SECRET}\n{name} = {SECRET}", f"[{name} = {SECRET}", f"[other]\n{name} = {SECRET}", f"{SECRET} = {name}"]
    return lines


@pytest.mark.parametrize("name", SECRET_OPTIONS)
def test_no_malformed_line_of_an_ini_file_shows_a_secret(plugin: PluginRunner, tmp_path: Path, name: str) -> None:
    ini = tmp_path / "plugins.ini"
    count = 0
    for line in malformed(name):
        for before, ending in (("[check_stub]\n", "\n"), ("\ufeff[check_stub]\r\n", "\r\n"), ("", "\n")):
            ini.write_bytes((before + line + "\n").replace("\n", ending).replace("\r\r", "\r").encode())
            answer = stub(plugin, f"--extra-opts=@{ini}", *FORMS[count % len(FORMS)])
            count += 1
            assert answer.code in (0, 3) and not shows_any(answer.stdout), (line, answer.stdout)
            assert answer.stderr == ""


def test_an_unknown_option_of_an_ini_file_is_found_by_its_line(plugin: PluginRunner, tmp_path: Path) -> None:
    ini = tmp_path / "plugins.ini"
    for line, words in (("pasword = geheim", "unknown option pasword in [check_stub] of "),
                        ("c2VjcmV0 = x", "unknown option in [check_stub] of "), ("password c2VjcmV0UGFzcw==", "unknown option in ")):
        ini.write_text(f"[check_stub]\n\n{line}\n")
        answer = stub(plugin, f"--extra-opts=@{ini}")
        assert answer.code == 3 and words in answer.line1 and f"{ini}, line 3" in answer.line1
        assert "geheim" not in answer.stdout and "c2V" not in answer.stdout


def test_an_ini_file_may_begin_with_a_byte_order_mark(plugin: PluginRunner, tmp_path: Path) -> None:
    ini = tmp_path / "plugins.ini"
    ini.write_bytes(b"\xef\xbb\xbf[check_stub]\r\nvalue = 50\r\n")
    assert "depth=50;" in stub(plugin, f"--extra-opts=@{ini}").line1


def test_help_and_version_never_look_ok(plugin: PluginRunner) -> None:
    for option in ("--help", "-h", "--version", "-V", "--help -t x", "-h -V"):
        answer = stub(plugin, *option.split())
        assert answer.code == 3 and answer.stdout.startswith("check_stub ") and answer.stderr == ""
    text = stub(plugin, "--help").stdout
    words = " ".join(text.split())
    for word in ("--act", "--timeout", "(default: 9:CRITICAL)", "depth", "critical by default at 100", "Examples:"):
        assert word in words
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("arguments, code, words", [
    (["-t", "1"], 2, "the run was not done after 1 s"),
    (["-t", "1:UNKNOWN"], 3, "the run was not done after 1 s"),
    (["-t", "0.5:1"], 1, "the run was not done after 0.5 s"),
])
def test_a_check_that_hangs_ends_in_time(plugin: PluginRunner, arguments: list[str], code: int, words: str) -> None:
    answer = stub(plugin, "--act", "hang", *arguments)
    assert answer.code == code and words in answer.line1
    assert answer.seconds < float(arguments[1].partition(":")[0]) + 0.5


def test_what_is_known_at_the_time_out_is_printed(plugin: PluginRunner) -> None:
    answer = stub(plugin, "--act", "hang-one", "-t", "1:WARNING")
    assert answer.code == 1
    assert answer.stdout == ("STUB WARNING - t1: timed out: waiting for Godot\n"
                             "[WARNING] t1: timed out: waiting for Godot\n[OK] t0: answered\n")


def test_a_single_target_that_hangs_hides_nothing_else(plugin: PluginRunner) -> None:
    answer = stub(plugin, "--act", "hang-alone", "-t", "1:WARNING", "-v")
    assert answer.code == 1
    assert answer.stdout == ("STUB WARNING - t0: timed out: waiting for Godot\n"
                             "[WARNING] t0: timed out: waiting for Godot\n[OK] what else is known\n")
    answer = stub(plugin, "--act", "hang-alone", "-t", "0.3", "-c", "depth@nobody=1", "--output", "json")
    told = json.loads(answer.stdout)
    assert answer.code == 2 and "depth@nobody matches nothing" in str(told["findings"])


# SIGKILL and SIGSTOP cannot be caught; these stop or resume a process, or mean nothing to it.
JOB_CONTROL = {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
HARMLESS = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH} | JOB_CONTROL
WRITE_FAILS = {signal.SIGPIPE, signal.SIGXFSZ}
CRASHING = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGSYS, signal.SIGTRAP}
CATCHABLE = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
ENDING = [number for number in CATCHABLE if number not in HARMLESS | WRITE_FAILS | CRASHING]


def name_of(number: int) -> str:
    if number == signal.SIGIO:
        return "SIGPOLL"  # two names for one signal
    return number.name if isinstance(number, signal.Signals) and number < signal.SIGRTMIN \
        else f"SIGRTMIN+{number - signal.SIGRTMIN}"


def ended_by(plugin: PluginRunner, number: int, *words: str, before: Callable[[], object] | None = None) -> tuple[int, str]:
    process = subprocess.Popen([plugin.path(STUB), "--act", "hang", *words], env=plugin.environment(),
                               stdout=subprocess.PIPE, preexec_fn=before)
    wait_for_threads(process.pid, 2)
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    return process.returncode, out.decode()


def test_every_signal_that_would_end_it_becomes_a_line(plugin: PluginRunner) -> None:
    assert len(ENDING) > 40
    for number in ENDING:
        line = f"ended by {name_of(number)} before there was a result"
        assert ended_by(plugin, number) == (3, f"STUB UNKNOWN - {line}\n")
        code, out = ended_by(plugin, number, "--output", "json")
        assert code == 3 and json.loads(out)["summary"] == line


def test_a_signal_that_ends_nothing_is_followed_by_the_result(plugin: PluginRunner) -> None:
    for number in WRITE_FAILS | HARMLESS:
        code, out = ended_by(plugin, number, "-t", "0.4:1")
        assert code == 1 and out == "STUB WARNING - the run was not done after 0.4 s\n", number


@pytest.mark.parametrize("act", ["hang", "hang-one", "hang-alone", "spin", "work"])
def test_no_signal_of_job_control_stops_a_run_without_a_terminal(plugin: PluginRunner, act: str) -> None:
    for number in JOB_CONTROL:
        process = subprocess.Popen([plugin.path(STUB), "--act", act, "-t", "0.8:1"], env=plugin.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_for_threads(process.pid, 2)
        for _ in range(3):
            process.send_signal(number)
        out, _ = process.communicate(timeout=10)
        assert process.returncode == 1 and out.startswith(b"STUB WARNING - "), (number, out)


def wait_for_state(pid: int, state: str) -> None:
    Sandbox.wait_until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == state, 20)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_run_that_was_stopped_past_its_time_tells_so_at_once(plugin: PluginRunner, form: str) -> None:
    # Before the deadline, between it and the last resort, and after that.
    for rest in (0.1, 0.5, 0.56, 0.7, 1.5):
        process = subprocess.Popen([plugin.path(STUB), "--act", "hang", "-t", "0.5:1", "--output", form],
                                   env=plugin.environment(), stdout=subprocess.PIPE)
        wait_for_threads(process.pid, 2)
        process.send_signal(signal.SIGSTOP)
        wait_for_state(process.pid, "T")
        time.sleep(rest)
        process.send_signal(signal.SIGCONT)
        resumed = time.monotonic()
        out, _ = process.communicate(timeout=10)
        assert process.returncode == 1 and b"the run was not done after 0.5 s" in out, (rest, out)
        assert form == "text" or json.loads(out)["state"] == "WARNING"
        assert time.monotonic() - resumed < max(0.5 - rest, 0) + 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_run_that_is_stopped_over_and_over_tells_something(plugin: PluginRunner, form: str) -> None:
    """Past its time it may go on for some microseconds only, and is stopped until the last resort ends it."""
    runs = []
    for _ in range(40):
        runs.append(subprocess.Popen([plugin.path(STUB), "--act", "hang", "-t", "0.5:1", "--output", form],
                                     env=plugin.environment(), stdout=subprocess.PIPE))
        wait_for_threads(runs[-1].pid, 2)
        runs[-1].send_signal(signal.SIGSTOP)
    time.sleep(0.6)
    for number, process in enumerate(runs):
        process.send_signal(signal.SIGCONT)
        end = time.perf_counter() + number * 10e-6
        while time.perf_counter() < end:
            pass
        process.send_signal(signal.SIGSTOP)
    time.sleep(0.6)
    for process in runs:
        process.send_signal(signal.SIGCONT)
        out, _ = process.communicate(timeout=10)
        late = process.returncode == 3 and b"no result in time: the plugin was stopped" in out
        assert late or process.returncode == 1 and b"the run was not done after 0.5 s" in out, (process.returncode, out)
        assert form == "text" or json.loads(out)["state"] == ("UNKNOWN" if late else "WARNING")


def test_somebody_at_a_terminal_may_stop_it_and_go_on(plugin: PluginRunner) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(plugin.path(STUB), [STUB, "--act", "hang", "-t", "3:1"], plugin.environment())
    wait_for_threads(pid, 2)
    os.write(terminal, b"\x1a")  # Ctrl-Z
    _, status = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    os.kill(pid, signal.SIGCONT)
    said = b""
    while b"not done after 3 s" not in said:
        said += os.read(terminal, 4096)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    os.close(terminal)


@pytest.mark.skipif(SANITIZED, reason="sanitizers report crashes themselves")
def test_a_crash_is_told_in_the_form_that_was_asked_for(plugin: PluginRunner, tmp_path: Path) -> None:
    ini = tmp_path / "plugins.ini"
    ini.write_text("[check_stub]\noutput = json\n")
    for number in CRASHING:
        for words in (["--output", "json"], ["--output=json"]):
            code, out = ended_by(plugin, number, *words)
            told = json.loads(out)
            assert (code, told["state"], told["exit_code"]) == (3, "UNKNOWN", 3) and "broke down" in told["summary"], number
    for act in ("crash", "abort", "overflow", "escape"):
        for words in (["--output", "json"], [f"--extra-opts=@{ini}"]):
            told = json.loads(stub(plugin, "--act", act, *words).stdout)
            assert told["state"] == "UNKNOWN" and told["plugin"] == "check_stub", act


@pytest.mark.skipif(SANITIZED, reason="sanitizers report crashes themselves")
def test_a_crash_that_was_sent_is_a_line(plugin: PluginRunner) -> None:
    for number in CRASHING:
        code, out = ended_by(plugin, number)
        assert code == 3 and out.startswith("STUB UNKNOWN - the plugin broke down") and out.count("\n") == 1, number


def test_signals_that_were_ignored_or_blocked_at_the_start(plugin: PluginRunner) -> None:
    def ignore_all() -> None:
        for number in CATCHABLE:
            if number not in (32, 33):
                signal.signal(number, signal.SIG_IGN)

    def block_all() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())

    for number in ENDING:
        code, out = ended_by(plugin, number, before=block_all)
        assert code == 3 and f"ended by {name_of(number)} " in out, number
    # As nohup and shells ask for what runs in the background.
    by_wish = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT}
    for number in [*by_wish, signal.SIGTERM, signal.SIGUSR1, signal.SIGALRM, signal.SIGXCPU]:
        code, out = ended_by(plugin, number, "-t", "1:1", before=ignore_all)
        assert (code == 1 and "not done after 1 s" in out) if number in by_wish else (code == 3 and "ended by" in out), number


def test_the_limit_of_processor_time_is_a_line(plugin: PluginRunner) -> None:
    process = subprocess.Popen([plugin.path(STUB), "--act", "spin"], env=plugin.environment(), stdout=subprocess.PIPE,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (1, 5)))
    out, _ = process.communicate(timeout=60)
    assert process.returncode in (2, 3) and out.count(b"\n") == 1


@pytest.mark.skipif(SANITIZED, reason="sanitizers report crashes themselves")
def test_a_stack_that_overflows_is_a_line(plugin: PluginRunner) -> None:
    answer = stub(plugin, "--act", "overflow")
    assert answer.code == 3 and answer.stdout.startswith("STUB UNKNOWN - the plugin broke down")


def test_no_core_file_is_written(plugin: PluginRunner, tmp_path: Path) -> None:
    process = subprocess.Popen([plugin.path(STUB), "--act", "hang", "-p", "geheim"], env=plugin.environment(),
                               stdout=subprocess.PIPE, cwd=tmp_path,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (-1, -1)))
    wait_for_threads(process.pid, 2)
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)
    # What may not be dumped belongs to root there, whoever runs it.
    as_nobody = subprocess.Popen([plugin.path(STUB), "--act", "hang"], env=plugin.environment() | {"EVENKEEL_STATE_DIR": "/"},
                                 stdout=subprocess.PIPE, user=65534, group=65534) if os.geteuid() == 0 else None
    if as_nobody:
        wait_for_threads(as_nobody.pid, 2)
        assert os.stat(f"/proc/{as_nobody.pid}/environ").st_uid == 0
        as_nobody.terminate()
        assert as_nobody.wait(20) == 3
    process.kill()
    process.wait(20)
    assert list(tmp_path.glob("core*")) == []


def test_a_check_that_can_stop_says_what_it_knows(plugin: PluginRunner) -> None:
    process = subprocess.Popen([plugin.path(STUB), "--act", "work"], env=plugin.environment(), stdout=subprocess.PIPE)
    wait_for_threads(process.pid, 2)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=5)
    assert process.returncode == 3
    assert out.decode() == "STUB UNKNOWN - ended by SIGTERM before it was done\n"


def test_a_signal_that_was_blocked_at_the_start_becomes_a_line(plugin: PluginRunner) -> None:
    process = subprocess.Popen([plugin.path(STUB), "--act", "hang"], env=plugin.environment(), stdout=subprocess.PIPE,
                               preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()))
    wait_for_threads(process.pid, 2)
    process.terminate()
    out, _ = process.communicate(timeout=5)
    assert process.returncode == 3 and b"ended by SIGTERM" in out


def test_reading_files_is_within_the_deadline(plugin: PluginRunner, tmp_path: Path) -> None:
    fifo = tmp_path / "slow.ini"
    os.mkfifo(fifo)
    holder = os.open(fifo, os.O_RDWR)
    answer = stub(plugin, "-t", "0.5:WARNING", f"--extra-opts=@{fifo}")
    os.close(holder)
    assert answer.code == 1 and "the run was not done after 0.5 s" in answer.line1 and answer.seconds < 1


def test_no_reader_holds_up_help_or_an_error(plugin: PluginRunner) -> None:
    for words in (["--help", "-t", "0.5"], ["-w", "x", "-t", "0.5"]):
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        os.write(writing, b"x" * 4096)
        process = subprocess.Popen([plugin.path(STUB), *words], env=plugin.environment(), stdout=writing)
        os.close(writing)
        assert process.wait(15) == 3
        os.close(reading)


# Sanitizers take more memory than any limit leaves, and report crashes themselves.
LIMITS = [] if SANITIZED else [*range(7000, 30000, 1000), 38000, 40000]
WORDS_OF_THE_LOADER = (b"error while loading shared libraries",
                       b"cannot allocate TLS data structures for initial thread")
CRASHES = [] if SANITIZED else ["crash", "abort", "escape"]


def test_little_memory_is_no_signal(plugin: PluginRunner) -> None:
    for kilobytes in LIMITS:
        check_with_little_memory(plugin, kilobytes)


def check_with_little_memory(plugin: PluginRunner, kilobytes: int) -> None:
    command = f'ulimit -v {kilobytes}; exec "{plugin.path(STUB)}" --act hang-one -t 0.2'
    process = subprocess.run(["/bin/sh", "-c", command], env=plugin.environment(), timeout=20, capture_output=True)
    loader_failed = process.returncode == 127 and any(words in process.stderr for words in WORDS_OF_THE_LOADER)
    assert loader_failed or (process.returncode in range(4) and process.stdout.count(b"\n") >= 1 and not process.stderr)


def test_a_crash_is_a_line(plugin: PluginRunner) -> None:
    for act in CRASHES:
        answer = stub(plugin, "--act", act)
        assert answer.code == 3 and answer.stderr == ""
        assert answer.stdout == "STUB UNKNOWN - the plugin broke down, out of memory or by a mistake of ours\n"


def wait_for_threads(pid: int, count: int) -> None:
    until = time.monotonic() + 10
    while len(os.listdir(f"/proc/{pid}/task")) < count:
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.mark.parametrize("redirection", [">&-", "<&- >&- 2>&-", ">/dev/full"])
def test_a_result_that_cannot_be_written_is_unknown(plugin: PluginRunner, redirection: str) -> None:
    command = f'"{plugin.path(STUB)}" {redirection}'
    assert subprocess.run(["/bin/sh", "-c", command], env=plugin.environment(), timeout=20).returncode == 3


def test_a_reader_that_has_gone_is_no_signal(plugin: PluginRunner) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen([plugin.path(STUB)], env=plugin.environment(), stdout=writing)
    os.close(writing)
    assert process.wait(20) == 3


def test_a_file_that_may_not_grow_is_no_signal(plugin: PluginRunner) -> None:
    command = f'ulimit -f 0; exec "{plugin.path(STUB)}" --act count'
    process = subprocess.run(["/bin/sh", "-c", command], env=plugin.environment(), timeout=20, capture_output=True)
    assert process.returncode == 0 and b"File too large" in process.stdout


def test_a_reader_that_does_not_read_is_not_waited_for(plugin: PluginRunner) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen([plugin.path(STUB), "--act", "say-much", "-t", "1"], env=plugin.environment(),
                               stdout=writing)
    os.close(writing)
    assert process.wait(20) == 3
    os.close(reading)


def test_a_slow_reader_gets_all_of_it(plugin: PluginRunner) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    process = subprocess.Popen([plugin.path(STUB), "--act", "say-much"], env=plugin.environment(), stdout=writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        text = stream.read().decode()
    assert process.wait(20) == 0 and text.count("\n") == 5001 and text.endswith("\n")


def test_json_also_for_errors_in_the_options(plugin: PluginRunner) -> None:
    for arguments in (["--output", "json", "--nonsense"], ["--output=json", "-w", "x"]):
        answer = stub(plugin, *arguments)
        told = json.loads(answer.stdout)
        assert answer.code == told["exit_code"] == 3 and told["state"] == "UNKNOWN"


def test_numbers_do_not_follow_the_locale(plugin: PluginRunner) -> None:
    answer = stub(plugin, "--value", "1.5", "-w", "0.5", env={"LC_ALL": "de_DE.UTF-8"})
    assert answer.code == 1 and "depth 1.5 (warning: above 0.5) | depth=1.5;0.5;100" in answer.line1


def test_the_command_line_replaces_the_file(plugin: PluginRunner, tmp_path: Path) -> None:
    ini = tmp_path / "plugins.ini"
    ini.write_text("[check_stub]\nvalue = 50\nwarning = 10\ncritical = width=5\n[other]\nvalue=7\n")
    assert "depth 50 (warning: above 10)" in stub(plugin, f"--extra-opts=@{ini}").line1
    assert "depth=7;;100" in stub(plugin, f"--extra-opts=other@{ini}").line1
    assert "depth=3;10;100" in stub(plugin, f"--extra-opts=@{ini}", "--value", "3").line1
    assert "depth=50;60;100" in stub(plugin, f"--extra-opts=@{ini}", "-w", "60").line1
    assert "depth=50;10;70" in stub(plugin, f"--extra-opts=@{ini}", "-c", "70").line1
    ini.write_text("[base]\nwarning = 10\nstate-dir = /nonexistent\noutput = json\n[over]\nwarning = 20\n")
    both = stub(plugin, f"--extra-opts=base@{ini}", f"--extra-opts=over@{ini}", "--output", "text", "--no-state")
    assert both.code == 0 and "depth=1;20;100" in both.line1
    wrong = stub(plugin, f"--extra-opts=base@{ini}", "-w", "x")
    assert wrong.code == 3 and json.loads(wrong.stdout)["state"] == "UNKNOWN"


def test_a_secret_leaves_the_process_list(plugin: PluginRunner) -> None:
    for form in (["-p", "geheim"], ["-pgeheim"], ["--password", "geheim"], ["--password=geheim"]):
        process = subprocess.Popen([plugin.path(STUB), "--act", "hang", "-vvv", *form], env=plugin.environment(),
                                   stdout=subprocess.PIPE)
        wait_for_threads(process.pid, 2)
        shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        process.terminate()
        out, _ = process.communicate(timeout=5)
        assert b"geheim" not in shown and b"hang" in shown
        assert b"geheim" not in out


def test_state_is_kept_and_its_failure_is_told(plugin: PluginRunner, tmp_path: Path) -> None:
    def runs(*arguments: object, **options: object) -> str:
        return json.loads(stub(plugin, "--act", "count", "--output", "json", *arguments, **options).stdout)["facts"]["runs"]

    assert [runs(), runs(), runs("--no-state"), runs()] == ["1", "2", "1", "3"]
    assert runs("--state-dir", tmp_path) == "1"
    for bad in ("/proc", "/dev/null", "/nonexistent/state"):
        answer = stub(plugin, "--act", "count", "--state-dir", bad)
        assert answer.code == 0 and f"could not keep state in {bad}" in answer.line1


# Letters and marks that show nothing; Unicode's list of default-ignorable characters has them, unicodedata has not.
SHOWING_NOTHING = [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2065, 0x2800, 0x3164,
                   *range(0xFE00, 0xFE10), 0xFFA0, *range(0xFFF0, 0xFFF9), 0x1D159, *range(0xE0000, 0xE1000),
                   *range(0xFDD0, 0xFDF0), *(plane * 0x10000 + low for plane in range(17) for low in (0xFFFE, 0xFFFF))]
# Format characters that are drawn: Arabic and Kaithi number signs, the Syriac abbreviation mark.
DRAWN = {*range(0x0600, 0x0606), 0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2, 0x110BD, 0x110CD}
UNPRINTABLE = sorted({code for code in range(1, 0x110000) if unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp", "Zs")
                      and code != 0x20 and code not in DRAWN} | set(SHOWING_NOTHING))


@pytest.mark.parametrize("form", [[], ["-vv"], ["--output", "json"]], ids=["text", "long", "json"])
def test_nothing_invisible_and_no_change_of_direction_is_printed(plugin: PluginRunner, form: list[str]) -> None:
    step = 150
    for start in range(0, len(UNPRINTABLE), step):
        some = UNPRINTABLE[start:start + step]
        answer = stub(plugin, *form, "--act", "a" + "b".join(map(chr, some)) + "z")
        shown = answer.stdout.removesuffix("\n").replace("\n", "")
        assert "json" in form or answer.code == 0
        assert "a b b" in shown and shown.count("b") >= len(some) - 1
        assert not set(map(ord, shown)) & set(UNPRINTABLE)


def test_what_is_drawn_stays(plugin: PluginRunner) -> None:
    for some in ("".join(map(chr, sorted(DRAWN))), "gr\u00fc\u00df \u05e9\u05dc\u05d5\u05dd \u4f60\u597d \U0001f42c e\u0301"):
        assert some in stub(plugin, "--act", some).line1
