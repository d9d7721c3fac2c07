"""No value of an option file is repeated that may be a password on the wrong line."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import PluginRunner

SECRET = "Zq7Zw9Zk4"
OTHER = "[client]\nhost=127.0.0.1\nport=2\n"
KEYS = ("user", "password", "port", "socket", "ssl-ca", "ssl-cert", "ssl-key", "ssl-mode", "ssl", "ssl-verify-server-cert",
        "ssl-capath", "ssl-cipher", "ssl-crl", "protocol", "default-auth", "plugin-dir", "init-command", "passwort", "pass",
        "pwd", "loose-password", "database", "tls-version", "bind-address", "login-path", "ssl-key-password")
# As somebody may write a line, and as it ends up in the place of another.
LINES = ("{key}={secret}", "{key} = '{secret}'", "{key} {secret}", "{key}: {secret}", "{key}{secret}", "{key}{secret}=x",
         "{key}=u:{secret}@h", "{secret}", "{secret}=", "{key}=x\n{secret}", "-p{secret}", "--{key}={secret}")
DIRECTIVES = ("!include {secret}", "!includedir {secret}", "!include={secret}", "!{secret}", "!password {secret}",
              "!include {secret}.cnf", "[{secret}", "[client]{secret}", "!include u:{secret}@h")


def ask(plugin: PluginRunner, name: str, folder: Path, text: str, *more: str) -> str:
    (folder / "my.cnf").write_text(text)
    (folder / "other.cnf").write_text(OTHER)
    words = ["-f", folder / "my.cnf", *more]
    if name == "check_table_sync":
        words += ["-f", folder / "other.cnf", "--table", "d.t"]
    said = ""
    for form in (["-vvv"], ["--output", "json"]):
        answer = plugin(name, *words, "-t", "5", *form)
        assert answer.code in (2, 3), answer.stdout
        said += answer.stdout + answer.stderr
    kept = "".join(str(path) + (path.read_text(errors="replace") if path.is_file() else "")
                   for path in plugin.state_dir.rglob("*"))
    return said + kept


@pytest.mark.parametrize("name", ["check_mysql_replication", "check_table_sync"])
@pytest.mark.parametrize("key", KEYS)
def test_no_line_is_repeated(plugin: PluginRunner, tmp_path: Path, name: str, key: str) -> None:
    leaks = []
    for line in LINES:
        written = line.format(key=key, secret=SECRET)
        text = f"[client]\nhost=127.0.0.1\nport=1\n{written}\n"
        if key == "socket":
            text = text.replace("host=127.0.0.1\nport=1\n", "")
        if SECRET in ask(plugin, name, tmp_path, text):
            leaks.append(written)
    assert not leaks


@pytest.mark.parametrize("name", ["check_mysql_replication", "check_table_sync"])
def test_no_directive_is_repeated(plugin: PluginRunner, tmp_path: Path, name: str) -> None:
    leaks = [line for line in DIRECTIVES
             if SECRET in ask(plugin, name, tmp_path, f"[client]\nhost=127.0.0.1\nport=1\n{line.format(secret=SECRET)}\n")]
    assert not leaks


def test_what_is_missing_is_said(plugin: PluginRunner, tmp_path: Path) -> None:
    """The operator learns which line it is."""
    for line, said in (("ssl-ca=/nowhere/ca.pem", "my.cnf: the file of ssl-ca: no such file or directory"),
                       ("ssl-ca=/etc/hostname", "my.cnf: the file of ssl-ca: no certificate in PEM"),
                       ("!include nothing.cnf", "my.cnf line 4: what is included (value not shown): no such file or directory"),
                       ("!include /nowhere/x.cnf", "/nowhere/x.cnf: no such file or directory"),
                       ("socket=mysql.sock", "my.cnf: its socket is not an absolute path")):
        where = "" if line.startswith("socket") else "host=127.0.0.1\nport=1\n"
        assert said in ask(plugin, "check_mysql_replication", tmp_path, f"[client]\n{where}{line}\n"), line
