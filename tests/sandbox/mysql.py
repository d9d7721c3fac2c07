"""What is particular to MySQL: its options, its first data directory, its words for replication."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from . import unprivileged
from .channel import Channel
from .literal import quoted
from .waiting import wait_until

if TYPE_CHECKING:
    from .kinds import Programs
    from .server import Server

SMALL = ("--innodb-buffer-pool-size=5M", "--innodb-redo-log-capacity=8M", "--innodb-log-buffer-size=1M",
         "--key-buffer-size=64K", "--temptable-max-ram=2M", "--table-open-cache=200", "--table-definition-cache=400",
         "--innodb-doublewrite=OFF", "--innodb-use-native-aio=OFF",
         # Written at each commit but never synced: a killed server keeps what its replicas have.
         "--sync-binlog=0", "--innodb-flush-log-at-trx-commit=2",
         # The performance schema stays, as replication's tables are in it, at half the server's memory.
         *(f"--performance-schema-{what}-size={size}" for what, size in {
             "digests": 100, "accounts": 10, "users": 10, "hosts": 10, "error": 100,
             "events-statements-history-long": 10, "events-waits-history-long": 10,
             "events-stages-history-long": 10, "events-transactions-history-long": 10}.items()))
# In the template, so that no server's binary log begins with accounts that another one already has.
ACCOUNTS = """create user repl@'%' identified by 'repl';
grant replication slave on *.* to repl@'%';
"""
MONITOR_GRANTS = ("REPLICATION CLIENT ON *.*", "SELECT ON performance_schema.*")


def _places(programs: Programs) -> list[str]:
    share = programs.root / "usr/share/mysql"
    return ["--no-defaults", f"--basedir={programs.root / 'usr'}", f"--lc-messages-dir={share}",
            f"--character-sets-dir={share / 'charsets'}", f"--plugin-dir={programs.root / 'usr/lib/mysql/plugin'}",
            "--mysqlx=OFF", "--secure-file-priv=NULL"]


def initialise(programs: Programs, data: Path) -> None:
    accounts = data.parent / "accounts.sql"
    accounts.write_text(ACCOUNTS)
    accounts.chmod(0o644)
    unprivileged.run([*programs.server(), *_places(programs), *SMALL, "--initialize-insecure", "--skip-log-bin",
                      f"--datadir={data}", f"--init-file={accounts}"])
    # Each server makes a UUID of its own when it finds none.
    (data / "auto.cnf").unlink()


def options(server: Server) -> list[str]:
    return [*_places(server.programs), *SMALL, "--skip-name-resolve", "--log-bin=binlog", "--gtid-mode=ON",
            "--enforce-gtid-consistency=ON"]


def tls_options(certificate: tuple[Path, Path, Path] | None, own: bool) -> list[str]:
    if certificate:
        authority, public, key = certificate
        return [f"--ssl-ca={authority}", f"--ssl-cert={public}", f"--ssl-key={key}"]
    return [] if own else ["--tls-version="]


def _for_channel(channel: str) -> str:
    return f" for channel '{channel}'" if channel else ""


def change_source(channel: str, values: dict[str, str | int]) -> str:
    words = {"host": "source_host", "port": "source_port", "user": "source_user", "password": "source_password",
             "delay": "source_delay", "heartbeat": "source_heartbeat_period"}
    pairs = [f"{words[key]}={value}" if isinstance(value, int) else f"{words[key]}='{value}'"
             for key, value in values.items()]
    if "host" in values:
        # 9.7 asks for TLS unless told not to, and gives up after ten attempts; tests need neither.
        pairs += ["source_auto_position=1", "source_connect_retry=1", "source_retry_count=86400",
                  "get_source_public_key=1", "source_ssl=0"]
    return f"change replication source to {', '.join(pairs)}{_for_channel(channel)}"


def start_replica(channel: str, thread: str = "") -> str:
    return f"start replica {thread}{_for_channel(channel)}"


def stop_replica(channel: str, thread: str = "") -> str:
    return f"stop replica {thread}{_for_channel(channel)}"


def channels(replica: Server) -> list[Channel]:
    return [Channel(name=row["Channel_Name"], io=row["Replica_IO_Running"], sql=row["Replica_SQL_Running"],
                    lag=row["Seconds_Behind_Source"], read=(row["Source_Log_File"], row["Read_Source_Log_Pos"]),
                    applied=(row["Relay_Source_Log_File"], row["Exec_Source_Log_Pos"]),
                    io_errno=row["Last_IO_Errno"], io_error=row["Last_IO_Error"], sql_errno=row["Last_SQL_Errno"],
                    sql_error=row["Last_SQL_Error"], row=row)
            for row in replica.sql("show replica status")]


def before_stop(server: Server) -> None:
    """A shutdown waits ten seconds for dump threads that were not told to end."""
    for row in server.sql("show processlist"):
        if row["Command"].startswith("Binlog Dump"):
            server.sql(f"kill {row['Id']}")


def position(source: Server) -> str:
    return str(source.sql("select @@global.gtid_executed as pos")[0]["pos"])


def has_applied(replica: Server, pos: str) -> bool:
    return bool(replica.sql(f"select gtid_subset('{pos}', @@global.gtid_executed) as w")[0]["w"])


def purge_binlogs(source: Server) -> None:
    """All but the newest. A log that a dump thread reads, or that InnoDB still needs, is kept for a moment longer."""
    newest = source.sql("show binary log status")[0]["File"]

    def purged() -> bool:
        source.sql(f"purge binary logs to '{newest}'")
        return len(source.sql("show binary logs")) == 1

    wait_until(purged, 10, "the old binary logs gone")


def set_position(replica: Server, pos: str) -> None:
    """The stopped replica has this and nothing else."""
    replica.sql(["reset binary logs and gtids", f"set global gtid_purged='{pos}'"])


def create_user(name: str, password: str, host: str, require: str) -> str:
    needs = f" require {require}" if require else ""
    return f"create user '{name}'@'{host}' identified by {quoted(password)}{needs}"


def own_transactions(replica: Server, sources: list[Server]) -> str:
    known = ",".join(position(source) for source in sources)
    return str(replica.sql(f"select gtid_subtract(@@global.gtid_executed, '{known}') as own")[0]["own"])
