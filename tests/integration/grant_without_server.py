"""evenkeel-grant with a client that stands in for mariadb and its server: for what is about files and signals alone."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from grant_scene import TOOL

# Keeps the statements that change the account in place of a server. Between that and its end it may wait for a file.
CLIENT = """#!/bin/sh
input=$(cat)
case $input in
  *'SHOW GLOBAL VARIABLES'*) printf 'evenkeel:\\nversion\\t10.11.0-MariaDB\\nlower_case_table_names\\t0\\n' ;;
  *'ALTER USER'*)
    printf '%s\\n' "$input" >FOLDER/account.new && mv FOLDER/account.new FOLDER/account
    ulimit -c >FOLDER/core-limit
    while [ -n "${HOLD-}" ] && [ ! -e "$HOLD" ]; do sleep 0.02; done ;;
  *) echo evenkeel: ;;
esac
"""
# Stands in for each program that the tool starts. Before the AT-th one the signal arrives, at the whole group of
# processes, as from a terminal. What began already is noted: flock and no other waits.
INTERRUPTER = """#!/bin/sh
trap '' HUP INT QUIT TERM
echo "${0##*/}" >>"$SCENE/begun"
count=0
while read -r it; do count=$((count + 1)); done <"$SCENE/begun"
[ "$count" -lt "$AT" ] || ! mkdir "$SCENE/fired" 2>/dev/null || kill -s "$SIGNAL" 0
trap - HUP INT QUIT TERM
PATH=$REAL_PATH
exec "${0##*/}" "$@"
"""
PROGRAMS = ("sed", "cut", "sha1sum", "tr", "awk", "stat", "chown", "chgrp", "chmod", "mv", "rm", "flock", "getent", "wc", "grep", "id",
            "readlink", "mktemp", "dirname", "mariadb")


def hash_of(password: str) -> str:
    return "*" + hashlib.sha1(hashlib.sha1(password.encode()).digest()).hexdigest().upper()


class Scene:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.etc = folder / "etc"
        self.etc.mkdir()
        self.file = self.etc / "monitor.cnf"
        programs = folder / "programs"
        programs.mkdir()
        client = programs / "mariadb"
        client.write_text(CLIENT.replace("FOLDER", str(folder)))
        client.chmod(0o755)
        self.interrupters = folder / "interrupters"
        self.interrupters.mkdir()
        interrupter = folder / "interrupter"
        interrupter.write_text(INTERRUPTER)
        interrupter.chmod(0o755)
        for name in PROGRAMS:
            (self.interrupters / name).symlink_to(interrupter)
        self.path = f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin"

    def start(self, password: str, *words: object, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        tool = subprocess.Popen(["sh", str(TOOL), "monitor", "--file", str(self.file), *map(str, words)], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
                                env={"PATH": self.path, **(env or {})})
        assert tool.stdin
        tool.stdin.write(password + "\n")
        tool.stdin.flush()
        return tool

    def run(self, password: str, *words: object, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        tool = self.start(password, *words, env=env)
        out, err = tool.communicate(timeout=60)
        return tool.returncode, out, err

    def interrupted(self, password: str, at: int, name: str) -> list[str]:
        """Interrupted before the at-th program; all programs that began."""
        (self.folder / "begun").write_text("")
        shutil.rmtree(self.folder / "fired", ignore_errors=True)
        self.run(password, env={"PATH": f"{self.interrupters}:{self.path}", "REAL_PATH": self.path, "SCENE": str(self.folder),
                                "AT": str(at), "SIGNAL": name})
        return (self.folder / "begun").read_text().split()

    @property
    def in_file(self) -> str:
        found = re.search('^password = "(.*)"$', self.file.read_text(), re.MULTILINE)
        assert found, self.file.read_text()
        return found[1]

    def agrees(self) -> bool:
        """Account and file have the same password."""
        return hash_of(self.in_file) in (self.folder / "account").read_text()

    def names(self) -> list[str]:
        return sorted(path.name for path in self.etc.iterdir())


def signals() -> tuple[str, ...]:
    return tuple(one.name.removeprefix("SIG") for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT))


def is_root() -> bool:
    return os.geteuid() == 0
