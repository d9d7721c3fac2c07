"""Logging in to real servers, by every channel: the password itself goes over a socket or verified TLS, and nowhere else.

A MySQL server that has just been told to flush privileges has forgotten whose password it knows: it is cold, and asks
an account of caching_sha2_password for the password itself. Once it has had it, a scramble will do.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sandbox import DEFAULT_KIND, Sandbox, SandboxError, Server  # noqa: E402

REPLICATION, TABLE_SYNC = "check_mysql_replication", "check_table_sync"
PASSWORD = "s3cret-Pa55word"
OK, CRITICAL, UNKNOWN = 0, 2, 3
ONLY = "verified TLS only"
PLAIN, UNVERIFIED = f"{ONLY}; use --ssl with --ca-cert, or -s", f"{ONLY}; use --ca-cert without --insecure"


@pytest.fixture(scope="module")
def servers():
    with Sandbox() as box:
        started: dict[str, Server] = {}

        def server(kind: str) -> Server:
            if kind not in started:
                mine = started[kind] = box.server(kind.replace(".", ""), kind=kind, tls="good")
                mine.sql(["create database shop", "create table shop.t (id int primary key)"])
                mine.create_user("monitor", PASSWORD, [*mine.dialect.MONITOR_GRANTS, "select on shop.*"])
            return started[kind]

        yield server


@pytest.fixture
def ask(plugin, tmp_path):
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")

    def run(server, *more, name=REPLICATION, user="monitor", env=None):
        own = ["--digest", "--table", "shop.t"] if name == TABLE_SYNC else ["--not-replica", "ok", "--allow-writable"]
        answer = plugin(name, *more, "-u", user, "--password-file", secret, *own, env=env)
        assert PASSWORD not in answer.stdout + answer.stderr
        return answer

    return run


def channels(server):
    tcp = ["-H", f"127.0.0.1:{server.port}"]
    ca = server.box.tls.ca
    return {
        "socket": (["-s", server.socket], ""),
        "verified": ([*tcp, "--ssl", "-C", ca], ""),
        "verified, by an authority alone": ([*tcp, "-C", ca], ""),
        "plain": (tcp, PLAIN),
        "not verified": ([*tcp, "--ssl", "--insecure"], UNVERIFIED),
        "not verified, with an authority": ([*tcp, "--ssl", "--insecure", "-C", ca], UNVERIFIED),
    }


@pytest.mark.parametrize("name", [REPLICATION, TABLE_SYNC])
def test_cold_and_warm(ask, servers, kind, name):
    server = servers(kind)
    for what, (words, refused) in channels(server).items():
        server.sql("flush privileges")
        answer = ask(server, *words, name=name)
        if server.family == "mysql" and refused:
            assert answer.code == UNKNOWN, (what, answer.stdout)
            assert refused in answer.line1
            server.log_in_once("monitor", PASSWORD)
            answer = ask(server, *words, name=name)
        assert answer.code == OK, (what, answer.stdout)
        # Whoever was let in by the password itself warmed the server for all.
        assert ask(server, *channels(server)["plain"][0], name=name).code == OK, what


@pytest.mark.parametrize("lines, words", [
    ("", PLAIN), ("ssl-mode=REQUIRED\n", UNVERIFIED), ("skip-ssl\n", PLAIN), ("plugin-dir={folder}\n", PLAIN),
    ("default-auth=mysql_clear_password\nenable-cleartext-plugin\n", PLAIN), ("server-public-key={folder}/x\n", PLAIN),
    ("ssl-ca={ca}\n", ""), ("ssl-ca={ca}\nssl-mode=VERIFY_IDENTITY\n", ""),
])
def test_an_option_file_is_no_way_around(plugin, servers, tmp_path, lines, words):
    server = servers(mysql())
    file = tmp_path / "my.cnf"
    file.write_text(f"[client]\nhost=127.0.0.1\nport={server.port}\nuser=monitor\npassword={PASSWORD}\n"
                    + lines.format(folder=tmp_path, ca=server.box.tls.ca))
    server.sql("flush privileges")
    answer = plugin(REPLICATION, "-f", file, "--not-replica", "ok", "--allow-writable")
    assert answer.code == (UNKNOWN if words else OK), answer.stdout
    assert words in answer.line1


@pytest.mark.parametrize("variable, value", [
    ("LIBMYSQL_PLUGINS", "caching_sha2_password;sha256_password"), ("LIBMYSQL_PLUGINS", "mysql_clear_password"),
    ("MARIADB_PLUGIN_DIR", "{folder}"), ("LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN", "1"),
])
def test_nor_is_the_environment(ask, servers, tmp_path, variable, value):
    server = servers(mysql())
    for plugin_file in Path("/usr/lib").glob("*/libmariadb3/plugin/*.so"):
        shutil.copy(plugin_file, tmp_path)
    server.sql("flush privileges")
    answer = ask(server, *channels(server)["plain"][0], env={variable: value.format(folder=tmp_path)})
    assert answer.code == UNKNOWN, answer.stdout
    assert PLAIN in answer.line1


def test_a_wrong_password_is_told_as_far_as_the_channel_allows(plugin, servers, kind, tmp_path):
    server = servers(kind)
    secret = tmp_path / "wrong"
    secret.write_text("wrong-Pa55word")
    for what, (words, refused) in channels(server).items():
        answer = plugin(REPLICATION, *words, "-u", "monitor", "--password-file", secret)
        assert answer.code == UNKNOWN, (what, answer.stdout)
        said = "the password is wrong" if refused and server.family == "mysql" else "access denied, error 1045"
        assert said in answer.line1, what


def test_an_account_without_a_password(plugin, servers, kind):
    server = servers(kind)
    server.create_user("nobody", "", server.dialect.MONITOR_GRANTS)
    for what, (words, _) in channels(server).items():
        server.sql("flush privileges")
        answer = plugin(REPLICATION, *words, "-u", "nobody", "--not-replica", "ok", "--allow-writable")
        assert answer.code == OK, (what, answer.stdout)


def test_sha256_password(ask, servers):
    server = servers(mysql())
    try:
        server.sql(["set sql_log_bin=0", "drop user if exists old", f"create user old identified with sha256_password by '{PASSWORD}'",
                    "grant replication client on *.* to old", "grant select on performance_schema.* to old"])
    except (SandboxError, *Server.sql_errors):
        pytest.skip("this MySQL has no sha256_password")
    for what, (words, refused) in channels(server).items():
        answer = ask(server, *words, user="old")
        assert answer.code == (UNKNOWN if refused else OK), (what, answer.stdout)
        assert refused in answer.line1


def test_ed25519(ask, servers):
    server = servers(DEFAULT_KIND)
    try:
        server.sql(["set sql_log_bin=0", "install soname 'auth_ed25519'"])
    except Server.sql_errors:
        pytest.skip("this MariaDB has no auth_ed25519")
    server.sql(["set sql_log_bin=0", "create or replace user ed identified via ed25519 using password("
                f"'{PASSWORD}')", "grant slave monitor on *.* to ed"])
    for what, (words, _) in channels(server).items():
        assert ask(server, *words, user="ed").code == OK, what


def lacking(plugin, folder, name, symbol):
    """Runs the plugin with a client library that lacks a function, as the program sees it: it looks for another name."""
    program = folder / name
    data = plugin.path(name).read_bytes()
    assert symbol.encode() + b"\0" in data
    program.write_bytes(data.replace(symbol.encode() + b"\0", b"x" + symbol.encode()[1:] + b"\0"))
    program.chmod(0o755)
    runner = type(plugin)(plugin.state_dir)
    object.__setattr__(runner, "path", lambda _: program)
    return runner


def without_it(answer, symbol):
    assert answer.code == UNKNOWN, answer.stdout
    assert f"the MySQL client library has no x{symbol[1:]}" in answer.line1


OWN = {TABLE_SYNC: ["--digest", "--table", "shop.t"], REPLICATION: ["--not-replica", "ok"]}


@pytest.mark.parametrize("name", [REPLICATION, TABLE_SYNC])
@pytest.mark.parametrize("symbol", ["ma_pvio_register_callback", "mysql_get_socket", "mysql_client_register_plugin"])
def test_without_its_hooks_it_does_not_run(plugin, servers, tmp_path, name, symbol):
    answer = lacking(plugin, tmp_path, name, symbol)(name, "-s", servers(DEFAULT_KIND).socket, "-u", "monitor", *OWN[name])
    without_it(answer, symbol)


@pytest.mark.parametrize("name", [REPLICATION, TABLE_SYNC])
@pytest.mark.parametrize("symbol", ["SSL_get0_param", "SSL_set_verify", "SSL_get_verify_result",
                                    "X509_VERIFY_PARAM_set1_host", "X509_VERIFY_PARAM_set1_ip_asc"])
def test_without_its_hooks_it_trusts_no_tls(plugin, servers, tmp_path, name, symbol):
    server = servers(DEFAULT_KIND)
    answer = lacking(plugin, tmp_path, name, symbol)(name, "-H", f"{server.host}:{server.port}", "-u", "monitor",
                                                     "-C", server.box.tls.ca, *OWN[name])
    without_it(answer, symbol)


def mysql() -> str:
    from sandbox import KindUnavailable, kinds

    try:
        kinds.programs("mysql-9.7")
    except KindUnavailable as missing:
        pytest.skip(str(missing))
    return "mysql-9.7"
