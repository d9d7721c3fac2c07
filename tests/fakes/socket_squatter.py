"""A stranger's server at the place of a Unix socket, under a user of its own.

    with SocketSquatter(path, user=65534) as squatter:
        ... run a plugin ...
    squatter.stolen, squatter.visits, squatter.received

It asks for the password by the MySQL plugins that are named. Only root can start one.
"""

import json
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PROGRAM = """
import json, pathlib, sys, tempfile
sys.path.insert(0, sys.argv[1])
from fakes.password_thief import PasswordThief
with tempfile.TemporaryDirectory() as folder, \\
     PasswordThief(json.loads(sys.argv[4]), pathlib.Path(folder), path=sys.argv[2]) as thief:
    pathlib.Path(sys.argv[2]).chmod(0o777)
    print("ready", flush=True)
    sys.stdin.read()
    print(json.dumps({"stolen": sorted(thief.stolen(sys.argv[3])), "visits": thief.visits,
                      "received": b"".join(thief.packets).decode("latin-1")}))
"""


class SocketSquatter:
    def __init__(self, path, password, plugins, user=65534):
        self.stolen, self.visits, self.received = [], 0, ""
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(TESTS), str(path), password, json.dumps(plugins)],
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
