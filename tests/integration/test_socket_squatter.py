"""A Unix socket that a stranger put in the place of a server's gets nothing of a login."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import PluginRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.socket_squatter import SocketSquatter  # noqa: E402

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")

PASSWORD = "s3cret-Pa55word"
NOBODY = 65534
OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
# Each hands over the password, or a scramble of it, to a server that is trusted.
LOGINS = (["mysql_native_password"], ["caching_sha2_password"], ["sha256_password"], ["mysql_clear_password"],
          ["mysql_native_password", "caching_sha2_password"])


@pytest.fixture
def place() -> Iterator[Path]:
    """Below /tmp, whose folders every user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="evenkeel-squat-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def sticky(place: Path) -> Path:
    """As /tmp is, and the folder of docker's images."""
    folder = place / "sticky"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder / "mysql.sock"


def open_for_all(place: Path) -> Path:
    folder = place / "open"
    folder.mkdir()
    folder.chmod(0o777)
    return folder / "mysql.sock"


def folder_of_the_stranger(place: Path) -> Path:
    """What was the server's folder in /tmp, after a restart of the machine."""
    parent = place / "tmp"
    parent.mkdir()
    parent.chmod(0o1777)
    folder = parent / "mysql"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    return folder / "mysql.sock"


def link_of_the_stranger(place: Path) -> Path:
    """The way leads to a folder that is no longer in /tmp."""
    home = place / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    link = sticky(place).with_name("run")
    link.symlink_to(home)
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    return link / "mysql.sock"


def link_into_a_sticky_folder(place: Path) -> Path:
    link = place / "mysql.sock"
    path = sticky(place)
    link.symlink_to(path)
    return link


PLACES = (sticky, open_for_all, folder_of_the_stranger, link_of_the_stranger, link_into_a_sticky_folder)


def words_for(path: Path, password_file: Path, folder: Path, way: str) -> list[object]:
    if way == "-s":
        return ["-s", path, "-u", "nagios", "--password-file", password_file]
    cnf = folder / "my.cnf"
    cnf.write_text(f"[client]\nuser=nagios\npassword={PASSWORD}\nsocket={path}\n")
    return ["-f", cnf]


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    return file


@pytest.mark.parametrize("way", ["-s", "-f"])
@pytest.mark.parametrize("plugins", LOGINS, ids="+".join)
@pytest.mark.parametrize("where", PLACES)
def test_a_stranger_gets_nothing(plugin: PluginRunner, tmp_path: Path, place: Path, password_file: Path, where, plugins,
                                 way) -> None:
    path = where(place)
    real = path.parent.resolve() / path.name if not path.is_symlink() else path.resolve()
    with SocketSquatter(real, PASSWORD, plugins) as squatter:
        answer = plugin("check_mysql_replication", *words_for(path, password_file, tmp_path, way), "-t", "5")
    assert squatter.visits and not squatter.stolen
    assert "nagios" not in squatter.received, "not even the login began"
    assert answer.code == UNKNOWN, answer.stdout
    assert "everyone may put a socket into" in answer.line1 and f"uid {NOBODY}" in answer.line1, answer.line1


def test_check_table_sync_too(plugin: PluginRunner, tmp_path: Path, place: Path, password_file: Path) -> None:
    path = sticky(place)
    with SocketSquatter(path, PASSWORD, ["mysql_clear_password"]) as squatter:
        files = [words_for(path, password_file, tmp_path, "-f")[1], tmp_path / "other.cnf"]
        files[1].write_text("[client]\nhost=127.0.0.1\nport=1\n")
        answer = plugin("check_table_sync", "-f", files[0], "-f", files[1], "--table", "d.t", "-t", "9")
    assert squatter.visits and not squatter.stolen
    assert "everyone may put a socket into" in answer.stdout


def test_the_socket_that_is_found_without_being_named(plugin: PluginRunner, tmp_path: Path) -> None:
    usual = Path("/tmp/mysql.sock")
    if any(Path(path).exists() for path in ("/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", str(usual))):
        pytest.skip("a server runs here")
    cnf = tmp_path / "my.cnf"
    cnf.write_text(f"[client]\nuser=nagios\npassword={PASSWORD}\n")
    try:
        with SocketSquatter(usual, PASSWORD, ["mysql_clear_password"]) as squatter:
            answers = [plugin("check_mysql_replication", *words, "-t", "5") for words in (["-f", cnf], ["-H", "localhost", "-f", cnf])]
    finally:
        usual.unlink(missing_ok=True)
    assert squatter.visits == 2 and not squatter.stolen
    assert all(answer.code == UNKNOWN and "everyone may put a socket into /tmp" in answer.line1 for answer in answers)


@pytest.mark.parametrize("user", [0, NOBODY])
def test_whom_to_trust(plugin: PluginRunner, place: Path, password_file: Path, user: int) -> None:
    """Root everywhere; anybody in a folder where nobody else can put a socket."""
    path = sticky(place) if user == 0 else place / "run" / "mysql.sock"
    if user:
        path.parent.mkdir()
        os.chown(path.parent, user, user)
    with SocketSquatter(path, PASSWORD, ["mysql_clear_password"], user=user) as server:
        plugin("check_mysql_replication", "-s", path, "-u", "nagios", "--password-file", password_file, "-t", "5")
    assert server.stolen == ["plain"]


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize(("name", "more"), [("check_memcached", []), ("check_apache_rps", []),
                                            ("check_apache_rps", ["--header", "Authorization: " + PASSWORD])])
def test_other_logins_by_a_socket(plugin: PluginRunner, tmp_path: Path, place: Path, where, name: str,
                                  more: list[str]) -> None:
    """SASL and basic authentication hand over the password as it is; without one, anybody may be asked."""
    auth = tmp_path / "auth"
    auth.write_text(f"nagios:{PASSWORD}\n")
    path = where(place)
    real = path.parent.resolve() / path.name if not path.is_symlink() else path.resolve()
    with SocketSquatter(real, PASSWORD, ["mysql_native_password"]) as squatter:
        answer = plugin(name, "--socket", path, *(more or ["--auth-file", auth]), "-t", "4")
    assert not squatter.visits
    assert answer.code == UNKNOWN and "everyone may put a socket into" in answer.line1, answer.stdout
    real.unlink()
    with SocketSquatter(real, PASSWORD, ["mysql_native_password"]) as squatter:
        plugin(name, "--socket", path, "-t", "4")
    assert squatter.visits
