"""Where a plugin that runs as root keeps its state, when the caller chose the folder or somebody squats it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mount_namespace
from conftest import PluginRunner
from sandbox import Sandbox
from sandbox.memcached import Memcached

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")

CHECK = "check_memcached"
ROOT, NOBODY = 0, 65534
COMPLAINT = "could not keep state in "
INSTEAD = "it is kept in "


@pytest.fixture(scope="module")
def cache() -> Iterator[Memcached]:
    with Sandbox() as box:
        yield Memcached(box, "cache")


@pytest.fixture
def place() -> Iterator[Path]:
    """Below /tmp, whose folders every user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="evenkeel-state-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def folder_of(owner: int, path: Path, mode: int = 0o755) -> Path:
    path.mkdir()
    os.chown(path, owner, owner)
    path.chmod(mode)
    return path


def home_of(user: int, place: Path) -> Path:
    return folder_of(user, place / "home", 0o700)


def kept_in(folder: Path) -> list[Path]:
    """The samples below a folder."""
    return sorted(folder.rglob("*.state"))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def run_as_root(plugin: PluginRunner, cache: Memcached, way: str, folder: Path, home: Path) -> str:
    """What is said, by the option or by the environment."""
    option = ["--state-dir", folder] if way == "option" else []
    environment = {"XDG_STATE_HOME": str(home), "EVENKEEL_STATE_DIR": str(folder) if way == "environment" else ""}
    answer = plugin(CHECK, "-H", cache.address, *option, env=environment)
    assert answer.code == 0, answer.stdout
    return answer.stdout


# Whose the parent is, its mode, and what the folder's name leads through.
Way = Callable[[Path], Path]


def straight(parent: Path) -> Path:
    return parent / "state"


def through_link_of(owner: int) -> Way:
    def way(parent: Path) -> Path:
        link = parent / "way"
        link.symlink_to(folder_of(ROOT, parent / "elsewhere"))
        os.chown(link, owner, owner, follow_symlinks=False)
        return link / "state"
    return way


WAYS = {"straight": straight, "link of root": through_link_of(ROOT), "link of a stranger": through_link_of(NOBODY)}


@pytest.mark.parametrize("by", ["option", "environment"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", [0o755, 0o775, 0o777, 0o1777], ids=oct)
@pytest.mark.parametrize("owner", [ROOT, NOBODY], ids=["root", "stranger"])
def test_root_makes_a_folder_for_itself_alone(plugin: PluginRunner, cache: Memcached, place: Path, owner: int, mode: int,
                                              way: str, by: str) -> None:
    parent = folder_of(ROOT, place / "parent")
    folder = WAYS[way](parent)
    os.chown(parent, owner, owner)
    parent.chmod(mode)
    said = run_as_root(plugin, cache, by, folder, home_of(ROOT, place))

    trusted_link = way == "link of root" and owner == ROOT and mode == 0o755
    if trusted_link or (way == "straight" and owner == ROOT):
        assert COMPLAINT not in said
        assert mode_of(folder) == 0o700 and folder.stat().st_uid == ROOT
        assert kept_in(folder)
    else:
        assert f"{COMPLAINT}{folder}: " in said
        assert not os.path.lexists(folder) and not kept_in(parent), "made in a place of somebody's choice"


@pytest.mark.parametrize("by", ["option", "environment"])
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o777, 0o733, 0o1777], ids=oct)
@pytest.mark.parametrize("owner", [ROOT, NOBODY], ids=["root", "stranger"])
def test_a_folder_whose_content_anybody_may_replace(plugin: PluginRunner, cache: Memcached, place: Path, owner: int,
                                                    mode: int, by: str) -> None:
    folder = folder_of(owner, place / "state", mode)
    home = home_of(ROOT, place)
    said = run_as_root(plugin, cache, by, folder, home)
    assert mode_of(folder) == mode, "a folder that was there is not changed"
    if mode in (0o777, 0o733):
        assert f"{COMPLAINT}{folder}: everybody may replace what is in it" in said
        assert f"{INSTEAD}{home}/evenkeel/0" in said
        assert kept_in(home) and not kept_in(folder)
    else:
        assert COMPLAINT not in said
        assert kept_in(folder) and not kept_in(home)


def squat_with_folder(path: Path, stranger: int) -> None:
    folder_of(stranger, path, 0o700)


def squat_with_open_folder(path: Path, stranger: int) -> None:
    folder_of(stranger, path, 0o777)


def squat_with_file(path: Path, stranger: int) -> None:
    path.write_text("mine\n")
    os.chown(path, stranger, stranger)


def squat_with_link(path: Path, stranger: int) -> None:
    path.symlink_to(folder_of(stranger, path.parent / "of the stranger", 0o777))
    os.chown(path, stranger, stranger, follow_symlinks=False)


SQUATS = (squat_with_folder, squat_with_open_folder, squat_with_file, squat_with_link)


def run_with_shared(plugin: PluginRunner, cache: Memcached, shared: Path, user: int, words: list[object],
                    environment: dict[str, str]) -> str:
    """As `user`, on a machine whose /var/lib/evenkeel is `shared`."""
    done = mount_namespace.run(
        f"mount -t tmpfs none /var/lib && mkdir /var/lib/evenkeel && mount --bind '{shared}' /var/lib/evenkeel",
        ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", plugin.path(CHECK), "-H", cache.address, *words],
        plugin.environment(environment))
    assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("by", ["default", "option", "environment"])
@pytest.mark.parametrize("squat", SQUATS)
@pytest.mark.parametrize("user, stranger", [(ROOT, NOBODY), (NOBODY, 61234)], ids=["root's", "a user's"])
def test_who_squats_a_folder_does_not_keep_state_from_being_kept(
        plugin: PluginRunner, cache: Memcached, place: Path, user: int, stranger: int, by: str,
        squat: Callable[[Path, int], None]) -> None:
    shared = folder_of(ROOT, place / "shared", 0o1777)
    squat(shared / str(user), stranger)
    before = sorted(shared.rglob("*"))
    home = home_of(user, place)
    environment = {"XDG_STATE_HOME": str(home), "EVENKEEL_STATE_DIR": "/var/lib/evenkeel" if by == "environment" else ""}
    words = ["--state-dir", "/var/lib/evenkeel"] if by == "option" else []
    for _ in range(2):
        said = run_with_shared(plugin, cache, shared, user, words, environment)
        assert f"{COMPLAINT}/var/lib/evenkeel" in said
        assert f"{INSTEAD}{home}/evenkeel/{user}" in said
    [sample] = kept_in(home)
    assert sample.stat().st_uid == user and mode_of(sample) == 0o600
    assert sorted(shared.rglob("*")) == before, "nothing is written where the stranger can read it"


@pytest.mark.parametrize("user", [ROOT, NOBODY], ids=["root", "a user"])
def test_the_package_s_folder_serves_everybody(plugin: PluginRunner, cache: Memcached, place: Path, user: int) -> None:
    shared = folder_of(ROOT, place / "shared", 0o1777)
    home = home_of(user, place)
    said = run_with_shared(plugin, cache, shared, user, [], {"XDG_STATE_HOME": str(home), "EVENKEEL_STATE_DIR": ""})
    assert COMPLAINT not in said
    [sample] = kept_in(shared)
    assert sample.stat().st_uid == user and mode_of(sample.parent) == 0o700 and not kept_in(home)
