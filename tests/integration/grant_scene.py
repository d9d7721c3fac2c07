"""A source and a replica on which the logins are made, by the scripts or by evenkeel-grant."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pymysql

from conftest import TESTS, Pair
from sandbox import Server

GRANTS = TESTS.parent / "nrpe-config" / "grants"
TOOL = GRANTS / "evenkeel-grant"
ACCOUNTS = ("'evenkeel_monitor'@'localhost'", "'evenkeel_sync'@'%'")
# What the first release's scripts did, which know nothing of replicas.
OLDER = [statement for account in ACCOUNTS
         for statement in (f"create user {account} identified by 'older'", f"grant select on *.* to {account}",
                           f"revoke select on *.* from {account}")]


def client_options(server: Server) -> list[str]:
    return ["--no-defaults", "-uroot", "-S", str(server.socket)]


def run_script(server: Server, password: str, name: str = "") -> subprocess.CompletedProcess[str]:
    """As a person does: a copy with passwords, handed to the client."""
    text = (GRANTS / f"{server.family}{name}.sql").read_text().replace("CHANGE-ME", password)
    return subprocess.run(["mariadb", *client_options(server)], input=text, capture_output=True, text=True, check=False)


def run_tool(server: Server, password: str, *words: object, sh: Sequence[str] = ("sh",),
             env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*sh, str(TOOL), *map(str, words), "--", *client_options(server)], input=password + "\n",
                          capture_output=True, text=True, check=False, env=env)


class GrantScene:
    def __init__(self, pair: Pair, folder: Path) -> None:
        self.pair, self.folder = pair, folder
        self.servers = {"source": pair.source, "replica": pair.replica}
        self.first_log = ""  # of the replica, since begin()

    @property
    def family(self) -> str:
        return self.pair.source.family

    def run(self, way: str, place: str, password: str) -> None:
        server = self.servers[place]
        if way == "script":
            done = [run_script(server, password)]
        else:
            logins = (["monitor", "--file", self.folder / "monitor.cnf"], ["sync", "--schema", "shop", "--file", self.folder / "sync.cnf"])
            with ThreadPoolExecutor() as both:
                done = list(both.map(lambda words: run_tool(server, password, *words), logins))
        for one in done:
            assert one.returncode == 0, (place, one.stdout, one.stderr)
            assert one.stderr == "" and password not in one.stdout

    def forget(self) -> None:
        """No account anywhere, and nothing of it in a log."""
        for server in self.servers.values():
            server.sql(["set sql_log_bin=0", *(f"drop user if exists {account}" for account in ACCOUNTS)])

    def begin(self, presence: str) -> None:
        self.forget()
        for place, server in self.servers.items():
            if presence in (place, "both"):
                server.sql(["set sql_log_bin=0", *OLDER])
        # Other tests' rows fill the older logs.
        self.first_log = self.servers["replica"].sql(["flush local binary logs", "show binary logs"])[-1]["Log_name"]

    def own_events(self) -> int:
        """How many events the replica's log has since begin() that began there, whether there are GTIDs or not."""
        replica = self.servers["replica"]
        own = int(replica.sql("select @@server_id as id")[0]["id"])
        names = [log["Log_name"] for log in replica.sql("show binary logs")]
        return sum(row["Server_id"] == own and row["Event_type"] in ("Query", "Gtid", "Anonymous_Gtid")
                   for name in names[names.index(self.first_log):]
                   for row in replica.sql(f"show binlog events in '{name}'"))

    def grants(self, place: str, *accounts: str) -> set[str]:
        rows = [row for account in accounts or ACCOUNTS for row in self.servers[place].sql(f"show grants for {account}")]
        told = {str(value).partition(" IDENTIFIED ")[0].replace("`", "'") for row in rows for value in row.values()}
        return {grant.replace("'shop'", "shop").replace("'performance_schema'", "performance_schema")
                for grant in told if not grant.startswith("GRANT USAGE")}

    def logs_in(self, place: str, password: str) -> bool:
        try:
            for user in ("evenkeel_monitor", "evenkeel_sync"):
                pymysql.connect(unix_socket=str(self.servers[place].socket), user=user, password=password).close()
        except pymysql.err.OperationalError:
            return False
        return True
