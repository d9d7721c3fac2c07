"""MySQL servers of one replication group with a single primary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .waiting import wait_until

if TYPE_CHECKING:
    from .box import Sandbox
    from .server import Server
    from .session import Rows

KIND = "mysql-9.7"
GROUP = "5a9db0c5-0000-4000-8000-000000000001"


def _options(port: int, of: Server | None) -> list[str]:
    seed = of.settings.peer_port if of else port
    return ["--plugin-load-add=group_replication.so", "--report-host=127.0.0.1",
            *(f"--loose-group-replication-{key}={value}" for key, value in {
                "group-name": GROUP, "start-on-boot": "OFF", "local-address": f"127.0.0.1:{port}",
                "group-seeds": f"127.0.0.1:{seed}", "ip-allowlist": "127.0.0.1", "ssl-mode": "DISABLED",
                "recovery-use-ssl": "OFF", "recovery-get-public-key": "ON"}.items())]


def member(box: Sandbox, name: str, of: Server | None) -> Server:
    """The primary of a new group, or a secondary beside `of`; online when this returns."""
    port = box.free_port()
    added = box.add(name, KIND, _options(port, of), peer_port=port)
    join = "start group_replication user='repl', password='repl'"
    added.sql(join if of else ["set global group_replication_bootstrap_group=ON", join,
                               "set global group_replication_bootstrap_group=OFF"])
    wait_until(lambda: _state(added) == "ONLINE", 30, lambda: f"{name} online: {members(added)}\n{added.log_tail()}")
    return added


def members(server: Server) -> Rows:
    return server.sql("select * from performance_schema.replication_group_members")


def _state(server: Server) -> str:
    return next((str(row["MEMBER_STATE"]) for row in members(server) if row["MEMBER_PORT"] == server.port), "")
