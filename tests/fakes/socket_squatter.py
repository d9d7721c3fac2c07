"""A stranger's server at the place of a Unix socket, under a user of its own.

    with SocketSquatter(path, user=65534) as squatter:
        ... run a plugin ...
    squatter.stolen, squatter.visits, squatter.received

It asks for the password by the MySQL plugins that are named, or by the one other way in OTHER_WAYS. `trick`, one of TRICKS, changes `entry` at the
`moment`: what stands on the way to the socket need not stay there once somebody has connected. `loot` is a folder
of the squatter's own with things of root's, see fill_with_loot(). Only root can start one.
"""

import json
import os
import socket
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

from .password_thief import PasswordThief

OTHER_WAYS = ("basic", "plain")  # of HTTP, and of memcached's SASL
MOMENTS = ("accepted", "greeted", "switching")


def moved_away(entry, loot):
    entry.rename(loot / "was there")


def removed(entry, _loot):
    """A folder that is not empty cannot be."""
    if entry.is_dir() and not entry.is_symlink():
        for child in entry.iterdir():
            child.unlink()
        entry.rmdir()
    else:
        entry.unlink()


def replaced_by(name):
    def trick(entry, loot):
        moved_away(entry, loot)
        os.rename(loot / name, entry)
    return trick


TRICKS = {"removed": removed, "moved away": moved_away,
          **{name: replaced_by(name) for name in ("file of root", "socket of root", "link of root", "own link",
                                                  "own folder")}}


def fill_with_loot(loot, safe, user=65534):
    """`safe` is a path that only root can change. Whoever owns a folder may move what others have left there."""
    loot.mkdir()
    (loot / "file of root").touch()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(loot / "socket of root"))
    (loot / "link of root").symlink_to(safe)
    (loot / "own link").symlink_to(safe)
    (loot / "own folder").mkdir()
    for path in (loot, loot / "own link", loot / "own folder"):
        os.chown(path, user, user, follow_symlinks=False)


class ThiefOfBytes(PasswordThief):
    """A web server that wants basic authentication, or whoever says nothing: what is sent is kept."""

    def stolen(self, password):
        sent = b"".join(self.packets)
        forms = {"plain": password.encode(), "basic": b64encode(f"nagios:{password}".encode())}
        return {name for name, form in forms.items() if form in sent}

    def _serve(self, connection):
        self.at("accepted")
        while received := connection.recv(65536):
            self.packets.append(received)
            self.at("greeted")
            if self.plugins == ["basic"]:
                connection.sendall(b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
            elif received.startswith(b"\x80"):
                # Success to whatever a binary request asks.
                connection.sendall(b"\x81" + received[1:2] + bytes(10) + received[12:16] + bytes(8))


TESTS = Path(__file__).resolve().parents[1]
PROGRAM = """
import json, pathlib, sys, tempfile
tests, path, password, plugins, trick, moment, entry, loot = sys.argv[1:]
sys.path.insert(0, tests)
from fakes.password_thief import PasswordThief
from fakes.socket_squatter import OTHER_WAYS, TRICKS, ThiefOfBytes
Thief = ThiefOfBytes if json.loads(plugins)[0] in OTHER_WAYS else PasswordThief
def at(now):
    if trick and now == moment:
        TRICKS[trick](pathlib.Path(entry), pathlib.Path(loot))
with tempfile.TemporaryDirectory() as folder, \\
     Thief(json.loads(plugins), pathlib.Path(folder), path=path, at=at) as thief:
    if not path.startswith("@"):
        pathlib.Path(path).chmod(0o777)
    print("ready", flush=True)
    sys.stdin.read()
    thief.await_goodbyes()
    print(json.dumps({"stolen": sorted(thief.stolen(password)), "visits": thief.visits,
                      "received": b"".join(thief.packets).decode("latin-1")}))
"""


class SocketSquatter:
    def __init__(self, path, password, plugins, user=65534, trick="", moment="accepted", entry="", loot=""):
        self.stolen, self.visits, self.received = [], 0, ""
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(TESTS), str(path), password, json.dumps(plugins), trick, moment,
             str(entry), str(loot)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, user=user, group=user, extra_groups=[],
            env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"})
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("the squatter did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        out, _ = self._process.communicate("")
        told = json.loads(out)
        self.stolen, self.visits, self.received = told["stolen"], told["visits"], told["received"]
