"""Whatever is wrong with a value of an ini file is told with the ini's words: key, section and file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import BUILD, PluginRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.scripted_server import ScriptedServer  # noqa: E402

PLUGINS = ("check_mysql_replication", "check_table_sync", "check_apache_rps", "check_memcached")
# What a number, a state, a range, a path, a pattern or a time-out cannot be; beside it, values that another option
# excludes.
WRONG = ("", "-99999999999", "no such thing", "/nonexistent/file", "nolabel=5", "a.b.c.d")
# Options that take any text, and so have no wrong value that is known before a server is asked.
ANY_TEXT = {"username", "password", "channel", "heartbeat-server-id", "proxy", "extra-opts"}
# A run that would otherwise be in order.
FINE = {"check_mysql_replication": {"hostname": "127.0.0.1:1"},
        "check_table_sync": {"hostname": "127.0.0.1:1,127.0.0.1:2", "table": "shop.*"},
        "check_apache_rps": {"hostname": "127.0.0.1:1"},
        "check_memcached": {"hostname": "127.0.0.1:1"}}


def description(name: str) -> dict[str, list[dict[str, object]]]:
    told = subprocess.run([BUILD / "packaging" / f"describe_{name}"], capture_output=True, text=True, check=True).stdout
    return dict(json.loads(told))


def cases() -> Iterator[tuple[str, str, str]]:
    """Each option that takes a value, of each plugin, by its long name and by its letter."""
    for name in PLUGINS:
        told = description(name)
        for option in [*told["options"], *told["common_options"]]:
            if option["value"] and option["name"] not in ANY_TEXT:
                for key in (option["name"], option["letter"]):
                    if key:
                        yield name, str(option["name"]), str(key)


def ini_of(folder: Path, name: str, **values: str) -> Path:
    ini = folder / "the.ini"
    ini.write_text(f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items()))
    return ini


@pytest.mark.parametrize(("name", "option", "key"), cases())
def test_a_wrong_value_names_the_key(plugin: PluginRunner, tmp_path: Path, name: str, option: str, key: str) -> None:
    complaints = 0
    for wrong in WRONG:
        values = {key: value for key, value in FINE[name].items() if key != option}
        ini = ini_of(tmp_path, name, **values, **{key: wrong})
        answer = plugin(name, f"--extra-opts=@{ini}", "--no-state" if option != "state-dir" else "-v")
        # The command line tells whether the value is wrong at all.
        typed = [word for other, value in values.items() for word in (f"--{other}", value)]
        same = plugin(name, *typed, f"--{option}", wrong, "--no-state" if option != "state-dir" else "-v")
        if f"--{option}" not in same.line1:
            continue
        complaints += 1
        assert answer.code == same.code == 3, answer.stdout
        assert f"{key} in [{name}] of {ini}" in answer.line1, (wrong, answer.line1)
        assert f"--{option}" not in answer.line1, answer.line1
    assert complaints, f"no value of {option} is wrong"


@pytest.mark.parametrize(("option", "wrong", "said"), [
    ("proxy", "nonsense://x", "the URL of the proxy is not one"), ("proxy", "http://127.0.0.1:99999999", "the URL of the proxy"),
    ("proxy", "http://u:p@h/", "a user or password in a URL"), ("proxy", "http://no-such-name.invalid:1", "does not resolve"),
    ("ca-cert", "/etc/hostname", "no certificates in PEM")])
def test_what_shows_when_the_server_is_asked(plugin: PluginRunner, tmp_path: Path, option: str, wrong: str, said: str) -> None:
    """Wrong values that the library alone can tell."""
    with ScriptedServer(lambda line: line.wait_for_ever()) as server:
        values = {"hostname": server.address, option: wrong, **({"ssl": ""} if option == "ca-cert" else {})}
        ini = ini_of(tmp_path, "check_apache_rps", **values)
        answer = plugin("check_apache_rps", f"--extra-opts=@{ini}", "--no-state", "-t", "5")
    assert said in answer.line1 and f"{option} in [check_apache_rps] of {ini}" in answer.line1, answer.line1
    assert f"--{option}" not in answer.line1


@pytest.mark.parametrize("name", ["check_mysql_replication", "check_table_sync"])
@pytest.mark.parametrize("option", ["ca-cert", "cert", "key"])
def test_a_file_that_is_no_pem(plugin: PluginRunner, tmp_path: Path, name: str, option: str) -> None:
    values = {**FINE[name], "cert": "/nowhere", option: "/etc/hostname"}
    if option == "key":
        values["cert"] = str(tmp_path / "cert.pem")
        (tmp_path / "cert.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    elif option == "ca-cert":
        del values["cert"]
    ini = ini_of(tmp_path, name, **values)
    answer = plugin(name, f"--extra-opts=@{ini}")
    assert answer.code == 3 and f"{option} in [{name}] of {ini}: /etc/hostname: no " in answer.line1, answer.stdout


@pytest.mark.parametrize(("values", "said"), [
    ({}, "table"), ({"hostname": "a"}, "table"), ({"hostname": "a", "table": "a.b"}, "hostname")])
def test_what_is_missing_is_missed_there(plugin: PluginRunner, tmp_path: Path, values: dict[str, str], said: str) -> None:
    ini = ini_of(tmp_path, "check_table_sync", **{"confirm": "3", **values})
    answer = plugin("check_table_sync", f"--extra-opts=@{ini}")
    assert answer.code == 3 and f" - {said} in [check_table_sync] of {ini}: name at least " in answer.line1, answer.stdout


@pytest.mark.parametrize(("name", "first", "second"), [
    ("check_memcached", {"socket": "/x"}, {"hostname": "a"}),
    ("check_memcached", {"socket": "/x"}, {"port": "1"}),
    ("check_apache_rps", {"url": "http://a/"}, {"hostname": "a"}),
    ("check_apache_rps", {"socket": "/x"}, {"ip-address": "127.0.0.1"}),
    ("check_mysql_replication", {"password": "a"}, {"password-file": "/x"}),
    ("check_table_sync", {"digest": "", "table": "a.b", "hostname": "a,b"}, {"reference": "a"}),
    ("check_memcached", {"state-dir": "/x"}, {"no-state": ""})])
def test_of_two_that_conflict_each_is_named_as_given(plugin: PluginRunner, tmp_path: Path, name: str,
                                                     first: dict[str, str], second: dict[str, str]) -> None:
    [(other, value)] = second.items()
    key = next(iter(first))
    both = plugin(name, f"--extra-opts=@{ini_of(tmp_path, name, **first, **second)}")
    assert both.code == 3 and " in [" in both.line1 and "--" not in both.line1, both.stdout
    assert key in both.line1 and other in both.line1
    if other in ("no-state", "password-file"):  # a typed one replaces the file's of either kind
        return
    typed = plugin(name, f"--extra-opts=@{ini_of(tmp_path, name, **first)}", f"--{other}", *([value] if value else []))
    assert typed.code == 3 and f"--{other}" in typed.line1 and f"{key} in [{name}] of " in typed.line1, typed.stdout


def test_a_threshold_is_named_where_it_stands(plugin: PluginRunner, tmp_path: Path) -> None:
    ini = ini_of(tmp_path, "check_memcached", hostname="127.0.0.1:1", warning="nolabel=5")
    answer = plugin("check_memcached", f"--extra-opts=@{ini}", "-w", "hit_ratio=5:")
    assert f"warning in [check_memcached] of {ini}: \"nolabel=5\"" in answer.line1, answer.stdout
    ini = ini_of(tmp_path, "check_memcached", hostname="127.0.0.1:1", warning="hit_ratio=5:")
    answer = plugin("check_memcached", f"--extra-opts=@{ini}", "-w", "nolabel=5")
    assert "--warning \"nolabel=5\"" in answer.line1, answer.stdout


def test_an_option_file_that_cannot_be_read_names_the_key(plugin: PluginRunner, tmp_path: Path) -> None:
    for name in ("check_mysql_replication", "check_table_sync"):
        values = {"file": "/nonexistent/my.cnf", **({} if name == "check_mysql_replication" else FINE[name])}
        ini = ini_of(tmp_path, name, **values)
        answer = plugin(name, f"--extra-opts=@{ini}")
        assert answer.code == 3, answer.stdout
        assert f"file in [{name}] of {ini}: /nonexistent/my.cnf: no such file" in answer.line1, answer.stdout
