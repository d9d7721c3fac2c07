"""A password in the wrong place of a command or an ini file is not repeated, whichever option it was given to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import BUILD, PluginRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.misbehaving_server import MisbehavingServer  # noqa: E402

PLUGINS = ("check_mysql_replication", "check_table_sync", "check_apache_rps", "check_memcached")
SECRET = "Zq7Zw9Zk4"
# Addresses as browsers and client libraries take them.
LOGINS = ("u:{}@127.0.0.1", "u:{}@127.0.0.1:1", "mysql://u:{}@127.0.0.1/", "http://u:{}@127.0.0.1:1/x", "//u:{}@127.0.0.1/",
          "u:a@{}@127.0.0.1", "u:a:{}@h", "db1,u:{}@h", "lag=u:{}@h", "u:a/{}@h", "u:a {}@h")
# What else may be meant as one where a host or an address is wanted.
HOST_LIKE = ("{}@127.0.0.1", "u:{}", "u/{}@h", "u%{}@h", "[::1]:{}", "[u:{}@h]", "mysql://{}@h", "u:{},db1")
URL_LIKE = ("http://{}@127.0.0.1:1/", "{}@127.0.0.1/", "http:/u:{}@h/", "https:u:{}@h", "u:{}@h/server-status", "ftp://u:{}@h/")
NUMBER_LIKE = ("{}", "ass={}", "assword{}", "1{}", "{}:critical")
HOSTS = {"hostname", "source", "ip-address", "reference"}
URLS = {"url", "proxy"}
NUMBERS = {"PORT", "N", "SECONDS", "BYTES", "ROWS", "COUNT", "N[:STATE]", "NUMBER"}
FORMS = (["-vvv"], ["--output", "json"])
FINE = {"check_mysql_replication": ["--hostname", "127.0.0.1:1"],
        "check_table_sync": ["--hostname", "127.0.0.1:1", "--hostname", "127.0.0.1:2", "--table", "shop.*"],
        "check_apache_rps": ["--hostname", "127.0.0.1:1"],
        "check_memcached": ["--hostname", "127.0.0.1:1"]}


def options(name: str) -> list[dict[str, object]]:
    told = json.loads(subprocess.run([BUILD / "packaging" / f"describe_{name}"], capture_output=True, text=True, check=True).stdout)
    return [option for option in [*told["options"], *told["common_options"]] if option["value"]]


def cases() -> Iterator[tuple[str, str]]:
    for name in PLUGINS:
        for option in options(name):
            yield name, str(option["name"])


def values_for(name: str, option: str) -> list[str]:
    spec = next(spec for spec in options(name) if spec["name"] == option)
    forms = list(LOGINS)
    if option in HOSTS:
        forms += HOST_LIKE
    if option in URLS:
        forms += URL_LIKE
    if spec["value"] in NUMBERS:
        forms += NUMBER_LIKE
    return [form.format(SECRET) for form in forms]


def spellings(name: str, option: str, value: str) -> list[list[str]]:
    letter = next(spec for spec in options(name) if spec["name"] == option)["letter"]
    return [[f"--{option}", value], [f"--{option}={value}"], *([[f"-{letter}", value], [f"-{letter}{value}"]] if letter else [])]


def rest_of_command(name: str, option: str) -> list[str]:
    words = FINE[name]
    if option == "url":
        return []
    return [word for at, word in enumerate(words) if f"--{option}" not in (word, words[at - 1] if at else "")]


def leaks(state: Path, *texts: str) -> bool:
    kept = "".join(str(path) + (path.read_text(errors="replace") if path.is_file() else "") for path in state.rglob("*"))
    return any(SECRET in text for text in (*texts, kept))


@pytest.mark.parametrize(("name", "option"), cases())
def test_no_option_repeats_a_password(plugin: PluginRunner, name: str, option: str) -> None:
    shown = []
    for place, value in enumerate(values_for(name, option)):
        written = spellings(name, option, value)
        # Each spelling with some of the values, and each value in each form.
        for form in FORMS:
            words = [*rest_of_command(name, option), *written[place % len(written)], *form]
            if option == "output":
                words = words[:-len(form)]
            answer = plugin(name, *words)
            assert answer.code in (2, 3), answer.stdout
            if leaks(plugin.state_dir, answer.stdout, answer.stderr):
                shown.append((words, answer.line1))
    assert not shown


@pytest.mark.parametrize(("name", "option"), cases())
def test_no_option_of_an_ini_repeats_a_password(plugin: PluginRunner, tmp_path: Path, name: str, option: str) -> None:
    if option == "extra-opts":
        pytest.skip("stands on the command line alone")
    shown = []
    ini = tmp_path / "the.ini"
    for value in values_for(name, option):
        ini.write_text(f"[{name}]\n{option} = {value}\n")
        answer = plugin(name, *rest_of_command(name, option), f"--extra-opts=@{ini}", "-vvv")
        assert answer.code in (2, 3), answer.stdout
        if leaks(plugin.state_dir, answer.stdout, answer.stderr):
            shown.append((value, answer.line1))
    assert not shown


@pytest.mark.parametrize("name", PLUGINS)
@pytest.mark.parametrize("words", [
    ["-pass=" + SECRET], ["-password" + SECRET], ["-p", SECRET], ["-p" + SECRET], ["-P", SECRET], ["-P" + SECRET],
    ["--password:" + SECRET], ["--pasword=" + SECRET], ["--passwd", SECRET], ["--password" + SECRET], [SECRET],
    ["-u", "root:" + SECRET], ["--user=root:" + SECRET], ["--header=Authorization " + SECRET], ["-t", SECRET],
    ["--auth-file=u:" + SECRET], ["--url", "ftp://x:" + SECRET + "@h"], ["-a", "root:" + SECRET], ["-H", "h:" + SECRET]])
def test_no_slip_repeats_a_password(plugin: PluginRunner, name: str, words: list[str]) -> None:
    for form in FORMS:
        answer = plugin(name, *FINE[name], *words, *form)
        assert not leaks(plugin.state_dir, answer.stdout, answer.stderr), answer.stdout


@pytest.mark.parametrize(("name", "words"), [
    ("check_mysql_replication", ["-w", "lag@db1:3306/ch@2=5"]),
    ("check_mysql_replication", ["-w", "lag=@10:20", "-c", "lag@[::1]:3306=@~:0"]),
    ("check_table_sync", ["--where", "mail = 'a:b@c'"]),
    ("check_apache_rps", ["--url", "/server-status?auto&x=a:b@c"]),
    ("check_apache_rps", ["--header", "X: a:b@c"])])
def test_what_only_looks_like_a_login_is_taken(plugin: PluginRunner, name: str, words: list[str]) -> None:
    answer = plugin(name, *FINE[name], *words)
    assert "refused" in answer.line1, answer.stdout


@pytest.mark.parametrize(("user", "said"), [("root:" + SECRET, "'root:…'@'web1'"), ("root", "'root'@'web1'"),
                                            ("it's:" + SECRET + "'", "'it's:…'@'web1'"), (":" + SECRET, "':…'@'web1'")])
@pytest.mark.parametrize("typed", [True, False])
def test_a_user_with_a_password(plugin: PluginRunner, tmp_path: Path, user: str, said: str, typed: bool) -> None:
    """As curl takes them; a server repeats whom it denies the login."""
    cnf = tmp_path / "my.cnf"
    with MisbehavingServer("denies_the_login") as server:
        cnf.write_text(f"[client]\nhost=127.0.0.1\nport={server.port}\n" + ("" if typed else f'user="{user}"\n'))
        for form in FORMS:
            answer = plugin("check_mysql_replication", "-f", cnf, *(["-u", user] if typed else []), *form)
            assert answer.code == 3 and said in answer.stdout, answer.stdout
            assert not leaks(plugin.state_dir, answer.stdout, answer.stderr), answer.stdout
