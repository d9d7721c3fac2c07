"""evenkeel-grant's option file: nobody else gets to choose it, and no interruption parts it from the account."""

from __future__ import annotations

import os
import pwd
import re
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grant_scene import TOOL
from grant_without_server import Scene, is_root, signals
from sandbox import unprivileged

needs_root = pytest.mark.skipif(not is_root(), reason="only root can make files of others")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    yield Scene(tmp_path)


def state_of(path: Path) -> tuple[int, int, int, bytes]:
    status = path.stat()
    return status.st_mode & 0o7777, status.st_uid, status.st_gid, path.read_bytes()


def give(path: Path) -> None:
    """That alone, be it a link, to somebody who is not root."""
    os.chown(path, pwd.getpwnam(unprivileged.names()[0]).pw_uid, -1, follow_symlinks=False)


@needs_root
@pytest.mark.parametrize("flaw", ["another's", "0777", "0775", "0757"])
def test_no_folder_on_the_way_is_another_s(scene: Scene, flaw: str) -> None:
    folders = [scene.etc / "a", scene.etc / "a/b", scene.etc / "a/b/c"]
    folders[-1].mkdir(parents=True)
    scene.file = folders[-1] / "monitor.cnf"
    for folder in folders:
        for existing in (False, True):
            scene.file.unlink(missing_ok=True)
            if existing:
                scene.file.write_text("[client]\n")
            if flaw == "another's":
                give(folder)
            else:
                folder.chmod(int(flaw, 8))
            code, _, err = scene.run("word", "--file-only")
            assert code == 1 and str(folder) in err and err.endswith("nothing was changed\n") and err.count("\n") == 1, (folder, err)
            assert [path.read_text() for path in folders[-1].iterdir()] == ["[client]\n"] * existing
            os.chown(folder, 0, 0)
            folder.chmod(0o755)
    assert scene.run("word", "--file-only")[0] == 0


def test_a_folder_such_as_tmp_may_be_on_the_way_and_no_more(scene: Scene) -> None:
    shared = scene.etc / "tmp"
    (shared / "mine").mkdir(parents=True)
    shared.chmod(0o1777)
    for file, expected in ((shared / "mine/monitor.cnf", 0), (shared / "monitor.cnf", 1)):
        scene.file = file
        assert scene.run("word", "--file-only")[0] == expected
    if is_root():
        give(shared / "mine")
        scene.file = shared / "mine/monitor.cnf"
        assert scene.run("word", "--file-only")[0] == 1


@needs_root
def test_a_link_is_followed_where_it_is_root_s(scene: Scene) -> None:
    target = scene.folder / "target"
    target.mkdir()
    wanted = target / "monitor.cnf"
    (scene.etc / "to-file.cnf").symlink_to(wanted)
    (scene.etc / "to-link.cnf").symlink_to("to-file.cnf")
    (scene.etc / "to-folder").symlink_to("../target")
    for name, link in (("to-file.cnf", "to-file.cnf"), ("to-link.cnf", "to-file.cnf"), ("to-link.cnf", "to-link.cnf"),
                       ("to-folder/monitor.cnf", "to-folder")):
        scene.file = scene.etc / name
        for existing in (True, False):
            wanted.write_text("[client]\npassword=old\n")
            if not existing:
                wanted.unlink()
            give(scene.etc / link)
            code, _, err = scene.run("word", "--file-only")
            assert code == 1 and link in err, (name, err)
            assert not existing or wanted.read_text() == "[client]\npassword=old\n"
            os.chown(scene.etc / link, 0, 0, follow_symlinks=False)
            assert scene.run("word", "--file-only")[0] == 0
            assert 'password = "word"' in wanted.read_text() and (scene.etc / link).is_symlink()
    (scene.etc / "round").symlink_to("round")
    scene.file = scene.etc / "round"
    assert scene.run("word", "--file-only")[0] == 1


@needs_root
def test_root_s_file_behind_a_planted_link_stays_root_s(scene: Scene) -> None:
    secret = scene.folder / "id_rsa"
    secret.write_text("key\n")
    secret.chmod(0o600)
    before = state_of(secret)
    unprivileged.give(scene.etc)
    scene.file.symlink_to(secret)
    give(scene.file)
    code, _, err = scene.run("word", "--file-only")
    assert code == 1 and err and state_of(secret) == before and scene.names() == ["monitor.cnf"]


@needs_root
@pytest.mark.parametrize("owner", [(0, 0), (0, 65534), (65534, 65534)])
def test_a_file_keeps_its_owner_and_mode(scene: Scene, owner: tuple[int, int]) -> None:
    for mode in (0o600, 0o400, 0o640, 0o440, 0o660, 0o644, 0o604):
        scene.file.unlink(missing_ok=True)
        scene.file.write_text("[client]\nuser = old\n[other]\npassword = theirs\n")
        scene.file.chmod(mode)
        os.chown(scene.file, *owner)
        code, _, err = scene.run("word", "--file-only")
        assert code == 0 and err == "" and scene.in_file == "word"
        assert state_of(scene.file)[:3] == (mode & 0o770, *owner), oct(mode)
    assert scene.names() == ["monitor.cnf"]


@pytest.mark.parametrize("kind", ["0666", "0602", "folder", "pipe"])
def test_what_is_no_file_of_ours(scene: Scene, kind: str) -> None:
    if kind == "folder":
        scene.file.mkdir()
    elif kind == "pipe":
        os.mkfifo(scene.file)
    else:
        scene.file.write_text("[client]\nhost = elsewhere\n")
        scene.file.chmod(int(kind, 8))
    code, _, err = scene.run("word", "--file-only")
    assert code == 1 and err.endswith("nothing was changed\n") and scene.names() == ["monitor.cnf"]


def test_owner_and_mode_come_before_content(scene: Scene) -> None:
    spy = scene.folder / "spy"
    spy.mkdir()
    for name in ("chown", "chmod", "chgrp"):
        (spy / name).write_text(f'#!/bin/sh\nfor it; do :; done\ncat "$it" >>{scene.folder}/seen\nstat -c %a "$it" >>{scene.folder}/modes\n'
                                f'exec /bin/{name} "$@"\n')
        (spy / name).chmod(0o755)
    code, _, err = scene.run("word", "--file-only", env={"PATH": f"{spy}:{scene.path}"})
    assert code == 0, err
    assert (scene.folder / "seen").read_text() == "" and (scene.folder / "modes").read_text().split()[0] == "600"


def test_an_interruption_at_any_moment(scene: Scene) -> None:
    """By a signal: all is as before, or all is done, and nothing is left. By SIGKILL: a further run puts it right."""
    assert scene.run("old")[0] == 0
    begun = scene.interrupted("counted", 10_000, "INT")
    assert "flock" in begun and scene.agrees() and scene.in_file == "counted"
    # Before the file is begun nothing can change; every moment after that.
    first = begun.index("flock")
    moments = [*range(1, first, 9), *range(first, len(begun) + 1)]
    for number, at in enumerate(moments):
        name = signals()[number % 4]
        scene.interrupted(f"word-{at}", at, name)
        assert scene.names() == ["monitor.cnf"] and scene.agrees(), (at, name, begun[at - 1])
    for at in range(first, len(begun) + 1):
        scene.interrupted(f"killed-{at}", at, "KILL")
        assert {path.stat().st_mode & 0o007 for path in scene.etc.iterdir()} == {0}
        if at % 4 == 0 or not scene.agrees():
            assert scene.run(f"again-{at}")[0] == 0
            assert scene.names() == ["monitor.cnf"] and scene.agrees() and scene.in_file == f"again-{at}", (at, begun[at - 1])
    assert scene.run("last")[0] == 0 and scene.names() == ["monitor.cnf"]


def test_a_client_that_fails_changes_no_file(scene: Scene) -> None:
    assert scene.run("old")[0] == 0
    client = scene.folder / "programs/mariadb"
    client.write_text(client.read_text().replace("*'ALTER USER'*)", "*'ALTER USER'*) exit 1"))
    code, _, err = scene.run("new")
    assert code == 1 and "run it again" in err and scene.in_file == "old" and scene.names() == ["monitor.cnf"]


def ignore_size_signal() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def test_a_file_that_cannot_be_replaced_loses_no_password(scene: Scene) -> None:
    assert scene.run("old")[0] == 0
    spy = scene.folder / "spy"
    spy.mkdir()
    (spy / "mv").write_text("#!/bin/sh\nexit 1\n")
    (spy / "mv").chmod(0o755)
    code, _, err = scene.run("new", env={"PATH": f"{spy}:{scene.path}"})
    [kept] = [path for path in scene.etc.iterdir() if path != scene.file]
    assert code == 1 and str(kept) in err and 'password = "new"' in kept.read_text() and kept.stat().st_mode & 0o007 == 0
    assert scene.run("newer")[0] == 0 and scene.names() == ["monitor.cnf"] and scene.agrees()


def test_a_full_disk_leaves_the_file_as_it_was(scene: Scene) -> None:
    """The files that the tool writes may not grow beyond what a line takes; the account is not asked for."""
    text = "[client]\nuser = old\npassword = old\n" + "# a comment of theirs\n" * 20
    for limit in (0, 10, 100, 300):
        scene.file.write_text(text)
        done = subprocess.run(["prlimit", f"--fsize={limit}", "sh", TOOL, "monitor", "--file-only", "--file", scene.file], input="word\n",
                              capture_output=True, text=True, check=False, env={"PATH": scene.path}, preexec_fn=ignore_size_signal,
                              restore_signals=False)
        assert done.returncode != 0 and scene.file.read_text() == text and scene.names() == ["monitor.cnf"], limit


def test_two_at_once(scene: Scene) -> None:
    """The one that changed the account first has not written its file yet when the other one comes."""
    second_waits = scene.folder / "begun"
    first = scene.start("first", env={"HOLD": str(second_waits)})
    while not (scene.folder / "account").exists():
        assert first.poll() is None
        time.sleep(0.01)
    spy = scene.folder / "spy"
    spy.mkdir()
    (spy / "flock").write_text(f"#!/bin/sh\necho >{second_waits}\nexec /usr/bin/flock \"$@\"\n")
    (spy / "flock").chmod(0o755)
    second = scene.start("second", env={"PATH": f"{spy}:{scene.path}"})
    while second.poll() is None and not second_waits.exists():
        time.sleep(0.01)
    second_waits.touch()
    for tool in (first, second):
        _, err = tool.communicate(timeout=60)
        assert (tool.returncode, err) == (0, "")
    assert scene.agrees() and scene.names() == ["monitor.cnf"]


def test_no_core_file(scene: Scene) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        assert scene.run("word")[0] == 0
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    assert hard == 0 or (scene.folder / "core-limit").read_text() == "0\n"


def test_who_may_not_read_it_is_said(scene: Scene) -> None:
    scene.file.write_text("[client]\n")
    scene.file.chmod(0o600)
    code, out, _ = scene.run("word", "--file-only")
    assert code == 0 and re.search("group [a-z]+ may not read it", out), out
