"""evenkeel-grant: passwords of any kind, which nobody else gets to see, and the option file that it writes."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from conftest import Pair, PluginRunner
from grant_scene import TOOL, GrantScene, client_options, run_script, run_tool
from sandbox import unprivileged

PASSWORDS = ["plain", "two words", " blanks at both ends ", "it's", 'dou"ble', "back\\slash", "\\'; drop table x; --", "ends in \\",
             '"both"', "'both'", "h#ash", "semi;colon", "per%cent_", "b`tick", "$(id) $HOME", "pässwörd", "密码🔑", "-p", "\\n\\t\\s",
             "[client]", "=", "x" * 255]
REFUSED = {"": "empty", "CHANGE-ME": "no password", "x" * 256: "256 bytes", "a\tb": "control character", "a\x1bb": "control"}


@pytest.fixture
def scene(pair: Pair, tmp_path: Path) -> Iterator[GrantScene]:
    mine = GrantScene(pair, tmp_path)
    mine.forget()
    yield mine
    mine.forget()
    pair.source.sql("set global sql_mode=default")


@pytest.mark.parametrize("sql_mode", ["", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"])
def test_any_password(scene: GrantScene, plugin: PluginRunner, sql_mode: str) -> None:
    source, file = scene.pair.source, scene.folder / "monitor.cnf"
    source.sql(f"set global sql_mode='{sql_mode}'")
    for password in PASSWORDS:
        done = run_tool(source, password, "monitor", "--file", file)
        assert done.returncode == 0 and done.stderr == "", (password, done.stderr)
        answer = plugin("check_mysql_replication", "-f", file, "-s", source.socket, "--not-replica", "ok")
        assert answer.code == 0, (password, answer.stdout)
        theirs = subprocess.run(["mariadb", f"--defaults-file={file}", "-S", str(source.socket), "-e", "select 1"],
                                capture_output=True, text=True, check=False)
        assert theirs.returncode == 0, (password, theirs.stderr)


def test_what_is_no_password_changes_nothing(scene: GrantScene) -> None:
    file = scene.folder / "monitor.cnf"
    file.write_text("[client]\npassword=old\n")
    for password, why in REFUSED.items():
        done = run_tool(scene.pair.source, password, "monitor", "--file", file)
        assert done.returncode == 1 and why in done.stderr and "nothing was changed" in done.stderr, done
        assert file.read_text() == "[client]\npassword=old\n"
        assert not scene.pair.source.sql("select user from mysql.user where user='evenkeel_monitor'")


def variables_of_the_tool() -> set[str]:
    code = TOOL.read_text().partition("usage()")[2]
    found = re.findall(r"(?<![\w$-])([a-z_]+)=|read -r ([a-z_ ]+)|for ([a-z_]+) in", code)
    return {name for names in found for name in " ".join(names).split()}


@pytest.mark.parametrize("sh", [("sh",), ("sh", "-a"), ("bash", "--posix", "-ax")])
def test_nobody_sees_the_password(scene: GrantScene, sh: tuple[str, ...]) -> None:
    """Not in an argument or the environment of any program, whatever the caller exports, no history, no temporary file of
    others, no log."""
    source, home = scene.pair.source, scene.folder / "home"
    home.mkdir()
    spy = scene.folder / "spy"
    # Stands in for the client, and for the tools that the script runs.
    spy.write_text("#!/bin/sh\ncat /proc/[0-9]*/cmdline /proc/[0-9]*/environ >> "
                   f"{scene.folder}/seen 2>/dev/null\nexec /usr/bin/${{0##*/}} \"$@\"\n")
    spy.chmod(0o755)
    tools = scene.folder / "bin"
    tools.mkdir()
    for name in ("mariadb", "sed", "sha1sum", "cut", "grep", "wc", "mktemp", "tr"):
        (tools / name).symlink_to(spy)
    password = "s3cret-of-this-test"
    log = Path(str(source.sql("select @@general_log_file as f")[0]["f"]))
    log = log if log.is_absolute() else source.data_dir / log
    source.sql("set global general_log=1")
    try:
        assert {"password", "again", "login", "sql"} <= variables_of_the_tool()
        env = {**os.environ, **dict.fromkeys(variables_of_the_tool(), "exported"), "HOME": str(home),
               "PATH": f"{tools}:/usr/bin:/bin", "TMPDIR": str(home)}
        done = run_tool(source, password, "monitor", "--file", scene.folder / "monitor.cnf", sh=sh, env=env)
    finally:
        source.sql("set global general_log=0")
    assert done.returncode == 0 and password not in done.stderr, done.stderr
    seen = (scene.folder / "seen").read_bytes()
    assert b"evenkeel-grant" in seen and password.encode() not in seen
    assert not list(home.iterdir())
    assert b"evenkeel_monitor" in log.read_bytes() and password.encode() not in log.read_bytes()
    for path in source.data_dir.iterdir():
        if path.is_file():
            assert password.encode() not in path.read_bytes(), path


def test_the_script_leaves_no_password_in_the_binary_log(scene: GrantScene) -> None:
    password = "s3cret-of-the-script"
    done = run_script(scene.pair.source, password)
    assert done.returncode == 0, done.stderr
    for path in scene.pair.source.data_dir.iterdir():
        if path.is_file() and "bin" in path.name:
            assert password.encode() not in path.read_bytes(), path


def typed(command: list[str], *lines: str, end: str = "\n") -> tuple[int, str, bool]:
    """Run on a terminal of its own; what stood on that in the end, and whether it shows again what is typed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    shown = b""

    def read_until(sign: bytes) -> None:
        nonlocal shown
        deadline = time.monotonic() + 30
        while sign not in shown and time.monotonic() < deadline:
            shown += os.read(terminal, 4096)

    for sign, line in zip((b"Password for", b"Once more"), lines):
        read_until(sign)
        os.write(terminal, f"{line}{end}".encode())
    try:
        while chunk := os.read(terminal, 4096):
            shown += chunk
    except OSError:  # a terminal that nobody has open any more
        pass
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code, shown.decode(), bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def test_on_a_terminal_it_is_asked_twice_and_not_shown(scene: GrantScene) -> None:
    command = ["sh", str(TOOL), "monitor", "--file", str(scene.folder / "monitor.cnf"), "--", *client_options(scene.pair.source)]
    code, shown, echo = typed(command, "s3cret", "s3cret")
    assert echo
    assert code == 0 and "account evenkeel_monitor for localhost" in shown and "s3cret" not in shown, shown
    code, shown, echo = typed(command, "s3cret", "s3crat")
    assert code == 1 and "differ; nothing was changed" in shown and "s3cr" not in shown and echo, shown
    for key, expected in (("\x03", 130), ("\x1c", 131)):
        before = sorted(scene.folder.iterdir())
        code, shown, echo = typed(command, "s3cret", end=key)
        assert code == expected and "s3cret" not in shown and echo and sorted(scene.folder.iterdir()) == before, shown


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_server_works(scene: GrantScene, which: signal.Signals) -> None:
    """The account is being changed: it and its file stay together, and both are as the run wanted them."""
    source, file = scene.pair.source, scene.folder / "monitor.cnf"
    command = ["sh", str(TOOL), "monitor", "--generate", "--file", str(file), "--", *client_options(source)]
    with source.session() as holder:
        holder.sql("flush tables with read lock")
        tool = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                start_new_session=True)
        scene.pair.box.wait_until(lambda: bool(source.sql(
            "select 1 from information_schema.processlist where info like 'CREATE USER%'")), 30)
        os.killpg(tool.pid, which)
        holder.sql("unlock tables")
    _, err = tool.communicate(timeout=60)
    assert (tool.returncode, err) == (0, "")
    done = subprocess.run(["mariadb", f"--defaults-file={file}", "-S", str(source.socket), "-e", "select 1"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_option_file_keeps_what_else_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "monitor.cnf"
    file.write_text("# mine\n[client]\nuser = x\n password=y\npassword-x = kept\n#host = 127.0.0.1\nsocket = /s\n[other]\nuser = kept\n")
    file.chmod(0o644)
    link = tmp_path / "link.cnf"
    link.symlink_to(file)
    done = subprocess.run(["sh", TOOL, "monitor", "--file-only", "--file", link], input="word\n", capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    assert file.read_text() == ("# mine\n[client]\nuser = evenkeel_monitor\npassword = \"word\"\npassword-x = kept\n"
                                "#host = 127.0.0.1\nsocket = /s\n[other]\nuser = kept\n")
    assert link.is_symlink() and file.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.cnf", "monitor.cnf"]


def test_a_second_account_for_another_host(scene: GrantScene) -> None:
    source = scene.pair.source
    wanted = {"localhost", "192.0.2.1"}

    def hosts() -> set[str]:
        return {str(row["h"]) for row in source.sql("select host as h from mysql.user where user='evenkeel_monitor'")}

    try:
        for _ in range(2):
            done = run_tool(source, "word", "monitor", "--account-only", "--host", "localhost", "--host", "192.0.2.1")
            assert done.returncode == 0 and hosts() == wanted, done.stderr
        source.sql("drop user 'evenkeel_monitor'@'192.0.2.1'")
        for _ in range(2):
            done = run_script(source, "word", "-other-host")
            assert done.returncode == 0 and hosts() == wanted, done.stderr
        scene.pair.replica.wait_in_sync()
        one, other = (source.sql(f"show grants for evenkeel_monitor@'{host}'") for host in sorted(wanted))
        texts = [sorted(value.partition(" IDENTIFIED")[0].replace(host, "") for row in rows for value in row.values())
                 for host, rows in zip(sorted(wanted), (one, other))]
        assert texts[0] == texts[1]
    finally:
        source.sql("drop user if exists 'evenkeel_monitor'@'192.0.2.1'")


def test_another_user_of_the_system(scene: GrantScene) -> None:
    """An administrator of the server who is not root: makes the account; may not write the file, and is told before."""
    source = scene.pair.source
    folder = scene.pair.box.folder / "another-user"  # pytest's own is closed to others
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    unprivileged.give(folder)
    admin = folder / "admin.cnf"
    admin.write_text(f"[client]\nuser=root\nsocket={source.socket}\n[mysql]\nforce\ntee={folder}/tee\n")
    etc = folder / "etc"
    etc.mkdir(0o755)
    tool = [*unprivileged.command(["sh", str(TOOL)]), "monitor"]
    options = ["--", f"--defaults-extra-file={admin}"]
    done = subprocess.run([*tool, "--file", str(etc / "monitor.cnf"), *options], input="word\n", capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1 and "--account-only; nothing was changed" in done.stderr
    done = subprocess.run([*tool, "--account-only", *options], input="word\n", capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "word" not in done.stdout, done.stderr
    assert (folder / "tee").read_text() == ""  # the client opens it, and is told to leave it alone


@pytest.mark.parametrize("words", [
    [], ["both"], ["monitor", "--schema", "x"], ["sync"], ["monitor", "--file-only", "--account-only"], ["monitor", "s3cret"],
    ["monitor", "--host", ""], ["monitor", "--host", "it's"],
    ["monitor", "--host", "`"], ["monitor", "--host", "a b"], ["monitor", "--file"], ["monitor", "--generate", "--file-only"],
    ["monitor", "--password=s3cret"]])
def test_misuse(words: list[str]) -> None:
    done = subprocess.run(["sh", TOOL, *words], input="word\n", capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == "" and "see evenkeel-grant --help" in done.stderr
    assert "s3cret" not in done.stderr


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    done = subprocess.run(["sh", TOOL, "monitor", "--file", tmp_path / "monitor.cnf", "--", "--no-defaults", "-S", "/nonexistent"],
                          input="word\n", capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "nothing was changed" in done.stderr and not list(tmp_path.iterdir())


def test_a_password_of_its_own(scene: GrantScene, plugin: PluginRunner) -> None:
    file, source = scene.folder / "monitor.cnf", scene.pair.source
    done = run_tool(source, "", "monitor", "--generate", "--file", file)
    assert done.returncode == 0, done.stderr
    assert plugin("check_mysql_replication", "-f", file, "-s", source.socket, "--not-replica", "ok").code == 0


def test_the_scripts_grant_what_the_tool_grants(scene: GrantScene) -> None:
    source = scene.pair.source
    printed = "".join(run_tool(source, "", *words, "--print").stdout for words in (["monitor"], ["sync", "--schema", "shop"]))
    assert "CREATE USER" in printed
    script = (TOOL.parent / f"{source.family}.sql").read_text()
    assert {line for line in printed.replace("`shop`", "shop").splitlines() if line.startswith("GRANT")} == {
        line for line in script.splitlines() if line.startswith("GRANT")}
