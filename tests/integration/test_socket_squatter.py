"""A Unix socket that a stranger put in the place of a server's gets nothing of a login."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import PluginRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.socket_squatter import MOMENTS, TRICKS, SocketSquatter, fill_with_loot  # noqa: E402

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


def real_path_of(path: Path) -> Path:
    return path.resolve() if path.is_symlink() else path.parent.resolve() / path.name


def entries_of_the_stranger(path: Path) -> list[Path]:
    """What on the way to the socket the stranger can move: the socket itself, and what else is the stranger's in a
    folder that everyone may write to."""
    real = real_path_of(path)
    return [real, *(entry for entry in dict.fromkeys([path, *path.parents, *real.parents])
                    if os.path.lexists(entry) and entry.lstat().st_uid == NOBODY and entry.parent.stat().st_mode & 0o002)]


@pytest.mark.parametrize(("where", "moment"), [*((where, moment) for where in PLACES for moment in MOMENTS[:2]),
                                               (sticky, MOMENTS[2])])
@pytest.mark.parametrize("trick", TRICKS)
def test_the_stranger_changes_the_way_at_a_moment_of_his_choice(plugin: PluginRunner, place: Path, password_file: Path,
                                                                where, trick: str, moment: str) -> None:
    """Whoever listens may wait for a visitor and then make the way to the socket look as if it were safe, or be gone."""
    number, entries = 0, [place]
    while number < len(entries):
        scene = place / f"scene{number}"
        scene.mkdir()
        (scene / "safe").mkdir()
        path = where(scene)
        entries = entries_of_the_stranger(path)
        fill_with_loot(scene / "loot", scene / "safe")
        with SocketSquatter(real_path_of(path), PASSWORD, ["mysql_clear_password", "mysql_native_password"],
                            trick=trick, moment=moment, entry=entries[number], loot=scene / "loot") as squatter:
            answer = plugin("check_mysql_replication", *words_for(path, password_file, scene, "-s"), "-t", "5")
        assert squatter.visits and not squatter.stolen, entries[number]
        assert "nagios" not in squatter.received, "not even the login began"
        assert answer.code == UNKNOWN and f"uid {NOBODY}" in answer.line1, answer.stdout
        number += 1


@pytest.mark.parametrize("name", ["x", "mysql", ""])
def test_an_abstract_socket_belongs_to_everyone(plugin: PluginRunner, tmp_path: Path, password_file: Path,
                                                name: str) -> None:
    abstract = f"@evenkeel-{os.getpid()}{name}"
    cnf = words_for(Path(abstract), password_file, tmp_path, "-f")
    ini = tmp_path / "extra.ini"
    ini.write_text(f"[plugin]\nsocket={abstract}\npassword-file={password_file}\n")
    with SocketSquatter(abstract, PASSWORD, ["mysql_clear_password"]) as squatter:
        answers = [plugin(check, *words, "-t", "5") for check, words in (
            ("check_mysql_replication", words_for(Path(abstract), password_file, tmp_path, "-s")),
            ("check_mysql_replication", cnf), ("check_mysql_replication", [f"--extra-opts=plugin@{ini}"]),
            ("check_memcached", ["--socket", abstract]), ("check_apache_rps", ["--socket", abstract]))]
    assert not squatter.visits and not squatter.stolen
    for answer in answers:
        assert answer.code == UNKNOWN and len(answer.stdout.splitlines()) == 1, answer.stdout
        assert "socket" in answer.line1, answer.line1


def test_check_table_sync_too(plugin: PluginRunner, tmp_path: Path, place: Path, password_file: Path) -> None:
    path = sticky(place)
    with SocketSquatter(path, PASSWORD, ["mysql_clear_password"]) as squatter:
        files = [words_for(path, password_file, tmp_path, "-f")[1], tmp_path / "other.cnf"]
        files[1].write_text("[client]\nhost=127.0.0.1\nport=1\n")
        answer = plugin("check_table_sync", "-f", files[0], "-f", files[1], "--table", "d.t", "-t", "9")
    assert squatter.visits and not squatter.stolen
    assert "everyone may put a socket into" in answer.stdout


@pytest.mark.parametrize("trick", ["", "removed"])
def test_the_socket_that_is_found_without_being_named(plugin: PluginRunner, tmp_path: Path, trick: str) -> None:
    usual = Path("/tmp/mysql.sock")
    if any(Path(path).exists() for path in ("/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", str(usual))):
        pytest.skip("a server runs here")
    cnf = tmp_path / "my.cnf"
    cnf.write_text(f"[client]\nuser=nagios\npassword={PASSWORD}\n")
    answers = []
    for words in (["-f", cnf], ["-H", "localhost", "-f", cnf]):
        try:
            with SocketSquatter(usual, PASSWORD, ["mysql_clear_password"], trick=trick, entry=usual) as squatter:
                answers.append(plugin("check_mysql_replication", *words, "-t", "5"))
        finally:
            usual.unlink(missing_ok=True)
        assert squatter.visits == 1 and not squatter.stolen
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


OTHER_LOGINS = [("check_memcached", "plain", "--auth-file"), ("check_apache_rps", "basic", "--auth-file"),
                ("check_apache_rps", "basic", "--header")]


def words_of_other(way: str, path: Path, place: Path) -> list[object]:
    auth = place / "auth"
    auth.write_text(f"nagios:{PASSWORD}\n")
    return ["--socket", path, way, auth if way == "--auth-file" else f"Authorization: {PASSWORD}", "-t", "4"]


@pytest.mark.parametrize(("where", "trick"), [*((where, trick) for where in PLACES for trick in ("", "removed")),
                                              *((where, trick) for where in (sticky, link_of_the_stranger)
                                                for trick in TRICKS if trick != "removed")])
@pytest.mark.parametrize(("name", "speaks", "way"), OTHER_LOGINS)
def test_other_logins_by_a_socket(plugin: PluginRunner, place: Path, where, name: str, speaks: str, way: str,
                                  trick: str) -> None:
    """SASL and basic authentication hand over the password as it is."""
    (place / "safe").mkdir()
    path = where(place)
    entry = entries_of_the_stranger(path)[-1]
    fill_with_loot(place / "loot", place / "safe")
    with SocketSquatter(real_path_of(path), PASSWORD, [speaks], trick=trick, entry=entry, loot=place / "loot") as squatter:
        answer = plugin(name, *words_of_other(way, path, place))
    assert not squatter.received
    assert answer.code == UNKNOWN and f"uid {NOBODY}" in answer.line1, answer.stdout
    if not trick:
        assert "everyone may put a socket into" in answer.line1, answer.stdout


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize(("name", "speaks", "way"), OTHER_LOGINS)
def test_without_a_secret_anybody_may_be_asked(plugin: PluginRunner, place: Path, where, name: str, speaks: str,
                                               way: str) -> None:
    path = where(place)
    with SocketSquatter(real_path_of(path), PASSWORD, [speaks]) as squatter:
        plugin(name, *words_of_other(way, path, place)[:2], "-t", "1")
    assert squatter.received


FLIPPER = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
path, aside = sys.argv[1:]
listener.bind(path)
os.chmod(path, 0o777)
listener.listen(500)
os.link(path, aside)
print("ready", flush=True)
while True:
    try:
        os.unlink(path)
        os.link(aside, path)
    except OSError:
        break
"""


@pytest.mark.parametrize(("name", "speaks", "way"), OTHER_LOGINS[:2])
def test_a_socket_that_comes_and_goes_all_the_time(plugin: PluginRunner, place: Path, name: str, speaks: str,
                                                   way: str) -> None:
    """What was looked at before the connection is not what was connected to."""
    path = sticky(place)
    with subprocess.Popen([sys.executable, "-c", FLIPPER, str(path), str(path) + "2"], user=NOBODY, group=NOBODY,
                          extra_groups=[], stdout=subprocess.PIPE) as flipper:
        assert flipper.stdout is not None and flipper.stdout.readline() == b"ready\n"
        words = words_of_other(way, path, place)
        words[-1] = "5"
        lines = {plugin(name, *words, "--no-state").line1 for _ in range(100)}
        flipper.kill()
    assert any("everyone may put a socket into" in line for line in lines)
    assert all("everyone may put a socket into" in line or "no such file" in line.lower() for line in lines), lines


# no false alarm


@pytest.mark.parametrize("account", ["root", "memcache", "www-data", "nobody"])
@pytest.mark.parametrize("where", [sticky, open_for_all, link_into_a_sticky_folder])
@pytest.mark.parametrize(("name", "speaks", "way"), OTHER_LOGINS)
def test_the_accounts_of_servers_are_trusted_everywhere(plugin: PluginRunner, place: Path, where, name: str, speaks: str,
                                                        way: str, account: str) -> None:
    """Each check trusts the accounts that its own servers run as."""
    try:
        user = pwd.getpwnam(account).pw_uid
    except KeyError:
        pytest.skip(f"no account {account} here")
    path = where(place)
    with SocketSquatter(real_path_of(path), PASSWORD, [speaks], user=user) as server:
        answer = plugin(name, *words_of_other(way, path, place))
    trusted = account in ("root", "memcache" if name == "check_memcached" else "www-data")
    assert bool(server.received) == trusted, answer.stdout
    assert bool(server.stolen) == trusted, answer.stdout


def server_of(user: int, path: Path) -> SocketSquatter:
    return SocketSquatter(path, PASSWORD, ["mysql_clear_password"], user=user)


def as_user(user: int, plugin: PluginRunner, *words: object, before: tuple[str, ...] = ()) -> str:
    binary = plugin.path("check_mysql_replication")
    done = subprocess.run([*before, str(binary), *map(str, words), "-t", "5", "--no-state"], text=True, timeout=20,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False, user=user, group=user,
                          extra_groups=[], env=plugin.environment())
    return done.stdout


def readable_password(place: Path, user: int) -> Path:
    file = place / f"password{user}"
    file.write_text(PASSWORD)
    file.chmod(0o600)
    os.chown(file, user, user)
    return file


@pytest.mark.parametrize("where", PLACES)
def test_a_server_of_the_user_who_looks_is_trusted_everywhere(plugin: PluginRunner, place: Path, where) -> None:
    if not os.access(plugin.path("check_mysql_replication"), os.X_OK):
        pytest.skip("others may not run the build")
    path = where(place)
    with server_of(NOBODY, real_path_of(path)) as server:
        as_user(NOBODY, plugin, "-s", path, "-u", "nagios", "--password-file", readable_password(place, NOBODY))
    assert server.stolen == ["plain"]


def test_a_user_without_a_number_is_a_stranger(plugin: PluginRunner, place: Path, password_file: Path) -> None:
    """In a container without root, users outside have the number of nobody, and so has who is not mapped inside."""
    unshare = ("unshare", "--user")
    if subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    words = ("-u", "nagios", "--password-file", password_file)
    path = sticky(place)
    with server_of(NOBODY, path) as server:
        line = as_user(0, plugin, "-s", path, *words, before=unshare)
    assert server.visits and not server.stolen, line
    assert "everyone may put a socket into" in line
    # The same server where nobody else can put a socket; in /tmp, whose owner has no number either, that is not known.
    with tempfile.TemporaryDirectory(prefix="evenkeel-", dir="/run") as run:
        os.chmod(run, 0o755)
        os.chown(run, NOBODY, NOBODY)
        with server_of(NOBODY, Path(run) / "mysql.sock") as server:
            line = as_user(0, plugin, "-s", Path(run) / "mysql.sock", *words, before=unshare)
    assert server.stolen == ["plain"], line


@pytest.mark.parametrize("kind_of_path", ["relative", "by root's link", "by way of /proc"])
def test_a_server_of_another_user_in_its_own_folder(plugin: PluginRunner, place: Path, password_file: Path,
                                                    monkeypatch: pytest.MonkeyPatch, kind_of_path: str) -> None:
    """As mysqld in a container, whose user has no name here."""
    run = place / "run"
    run.mkdir()
    os.chown(run, NOBODY, NOBODY)
    (place / "link").symlink_to(run)
    monkeypatch.chdir(run)
    path = {"relative": "./mysql.sock", "by root's link": place / "link" / "mysql.sock",
            "by way of /proc": f"/proc/{os.getpid()}/root{run}/mysql.sock"}[kind_of_path]
    with server_of(NOBODY, run / "mysql.sock") as server:
        plugin("check_mysql_replication", "-s", path, "-u", "nagios", "--password-file", password_file, "-t", "5")
    assert server.stolen == ["plain"]


@pytest.mark.parametrize(("name", "speaks", "way"), OTHER_LOGINS)
def test_other_logins_at_a_server_of_another_user_in_its_own_folder(plugin: PluginRunner, place: Path, name: str,
                                                                    speaks: str, way: str) -> None:
    run = place / "run"
    run.mkdir()
    os.chown(run, NOBODY, NOBODY)
    with SocketSquatter(run / "socket", PASSWORD, [speaks]) as server:
        plugin(name, *words_of_other(way, run / "socket", place))
    assert server.stolen
