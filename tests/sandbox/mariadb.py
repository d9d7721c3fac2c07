"""What is particular to MariaDB: its options, its first data directory, its words for replication."""

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

SMALL = ("--innodb-buffer-pool-size=6M", "--innodb-log-file-size=4M", "--innodb-log-buffer-size=2M",
         "--innodb-data-file-path=ibdata1:3M:autoextend", "--innodb-temp-data-file-path=ibtmp1:3M:autoextend",
         "--innodb-autoextend-increment=1",
         "--aria-pagecache-buffer-size=1M", "--aria-log-file-size=8M", "--key-buffer-size=64K",
         "--performance-schema=OFF",
         # Written at each commit but never synced: a killed server keeps what its replicas have.
         "--sync-binlog=0", "--innodb-flush-log-at-trx-commit=2")
SYSTEM_TABLES = ("m*_system_tables", "m*_performance_tables", "m*_system_tables_data", "maria_add_gis_sp_bootstrap",
                 "m*_sys_schema")
# In the template, so that no server's binary log begins with accounts that another one already has.
ACCOUNTS = """
flush privileges;
create user repl@'%' identified by 'repl';
grant replication slave on *.* to repl@'%';
"""
MONITOR_GRANTS = ("SLAVE MONITOR ON *.*",)


def _share(programs: Programs) -> Path:
    """11.x calls itself mariadb where 10.11 says mysql."""
    folders = (programs.root / "usr/share" / name for name in ("mariadb", "mysql"))
    return next(folder for folder in folders if (folder / "maria_add_gis_sp_bootstrap.sql").exists())


def _places(programs: Programs) -> list[str]:
    share = _share(programs)
    return ["--no-defaults", f"--basedir={programs.root / 'usr'}", f"--lc-messages-dir={share}",
            f"--character-sets-dir={share / 'charsets'}", f"--plugin-dir={programs.root / 'usr/lib/mysql/plugin'}"]


def initialise(programs: Programs, data: Path) -> None:
    """What mariadb-install-db does, without its trouble with spaces in paths and with other folders than /usr."""
    script = ["create database if not exists mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n"]
    for name in SYSTEM_TABLES:
        script += [path.read_text("utf-8") for path in _share(programs).glob(f"{name}.sql")]
    script.append(ACCOUNTS)
    unprivileged.run([*programs.server(), *_places(programs), *SMALL, "--bootstrap", f"--datadir={data}",
                      f"--tmpdir={data}", "--log-warnings=0", "--enforce-storage-engine=", "--max-allowed-packet=8M"],
                     stdin="\n".join(script).encode())


def options(server: Server) -> list[str]:
    return [*_places(server.programs), *SMALL, "--skip-name-resolve", "--log-bin=binlog", "--log-slave-updates",
            "--binlog-format=ROW", f"--gtid-domain-id={server.domain}"]


def tls_options(certificate: tuple[Path, Path, Path] | None, own: bool) -> list[str]:
    if certificate:
        authority, public, key = certificate
        return [f"--ssl-ca={authority}", f"--ssl-cert={public}", f"--ssl-key={key}"]
    return [] if own else ["--skip-ssl"]


def _quoted_channel(channel: str) -> str:
    return f" '{channel}'" if channel else ""


def change_source(channel: str, values: dict[str, str | int]) -> str:
    words = {"host": "master_host", "port": "master_port", "user": "master_user", "password": "master_password",
             "delay": "master_delay", "heartbeat": "master_heartbeat_period"}
    pairs = [f"{words[key]}={value}" if isinstance(value, int) else f"{words[key]}='{value}'"
             for key, value in values.items()]
    if "host" in values:
        # 11.4 and later ask for TLS unless told not to; the source of a test need not have it.
        pairs += ["master_use_gtid=slave_pos", "master_connect_retry=1", "master_ssl=0"]
    return f"change master{_quoted_channel(channel)} to {', '.join(pairs)}"


def start_replica(channel: str, thread: str = "") -> str:
    return f"start slave{_quoted_channel(channel)} {thread}"


def stop_replica(channel: str, thread: str = "") -> str:
    return f"stop slave{_quoted_channel(channel)} {thread}"


def channels(replica: Server) -> list[Channel]:
    return [Channel(name=row["Connection_name"], io=row["Slave_IO_Running"], sql=row["Slave_SQL_Running"],
                    lag=row["Seconds_Behind_Master"], read=(row["Master_Log_File"], row["Read_Master_Log_Pos"]),
                    applied=(row["Relay_Master_Log_File"], row["Exec_Master_Log_Pos"]),
                    io_errno=row["Last_IO_Errno"], io_error=row["Last_IO_Error"], sql_errno=row["Last_SQL_Errno"],
                    sql_error=row["Last_SQL_Error"], row=row)
            for row in replica.sql("show all slaves status")]


def before_stop(_: Server) -> None:
    pass


def position(source: Server) -> str:
    return str(source.sql("select @@global.gtid_binlog_pos as pos")[0]["pos"])


def has_applied(replica: Server, pos: str) -> bool:
    if not pos:
        return True
    return bool(replica.sql(f"select master_gtid_wait('{pos}', 0) as w")[0]["w"] == 0)


def purge_binlogs(source: Server) -> None:
    """All but the newest. A log that a dump thread reads, or that InnoDB still needs, is kept for a moment longer."""
    newest = source.sql("show master status")[0]["File"]

    def purged() -> bool:
        source.sql(f"purge binary logs to '{newest}'")
        return len(source.sql("show binary logs")) == 1

    wait_until(purged, 10, "the old binary logs gone")


def set_position(replica: Server, pos: str) -> None:
    """The stopped replica has this and nothing else."""
    replica.sql(["reset master", f"set global gtid_slave_pos='{pos}'"])


def create_user(name: str, password: str, host: str, require: str) -> str:
    needs = f" require {require}" if require else ""
    return f"create or replace user '{name}'@'{host}' identified by {quoted(password)}{needs}"


def own_transactions(replica: Server, _: list[Server]) -> str:
    state = str(replica.sql("select @@global.gtid_binlog_state as state")[0]["state"])
    return ",".join(gtid for gtid in state.split(",") if f"-{replica.settings.number}-" in gtid)
