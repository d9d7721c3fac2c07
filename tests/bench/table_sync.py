#!/usr/bin/python3
"""check_table_sync beside its peers, in one run on one machine: ratios of medians, and no verdict.

    tests/bench/table_sync.py [--rows 2000000] [--rounds 5] [--build build/release]

Three MariaDB servers, a source and two replicas, hold the same table `orders`. Measured in turns, so that a noisy moment
meets all alike: select count(*), CHECKSUM TABLE, pt-table-checksum with its default options, check_table_sync over two and
over three servers, and over the source and a replica of which 10,000 rows have drifted.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from sandbox import Sandbox, Server  # noqa: E402

WARM = ["--innodb-buffer-pool-size=1G", "--innodb-log-file-size=256M", "--max-allowed-packet=64M"]
TABLE = """create table shop.orders (id bigint unsigned auto_increment primary key, customer int, status varchar(16),
 amount decimal(12,2), note varchar(120), created datetime, payload double, updated timestamp, key(customer))"""
ROWS = """insert into shop.orders select seq, crc32(seq) % 100000,
 elt(1 + crc32(concat('s', seq)) % 5, 'new', 'paid', 'shipped', 'delivered', 'returned'), crc32(concat('a', seq)) % 10000000 / 100,
 concat('Order ', seq, ', leave it at the door of number ', crc32(concat('n', seq)) % 900, ' ', hex(crc32(concat('m', seq)))),
 from_unixtime(1500000000 + crc32(concat('c', seq)) % 200000000), crc32(concat('p', seq)) / 7.3e0,
 from_unixtime(1600000000 + crc32(concat('u', seq)) % 100000000) from shop.seq_1_to_{rows}"""


def fill(server: Server, rows: int) -> None:
    with server.session() as session:
        session.sql(["set sql_log_bin=0", "set time_zone='+00:00'", "create database shop", TABLE, ROWS.format(rows=rows),
                     "analyze table shop.orders"])


def option_file(server: Server) -> str:
    server.create_user("bench", "bench", ["ALL PRIVILEGES ON *.*"])
    return str(server.option_file("bench", "bench"))


def ask(server: Server, sql: str) -> None:
    with server.session() as session:
        session.sql(sql)


def cpu_seconds(server: Server) -> float:
    """What the server has worked so far: unlike wall time, hardly moved by other work on the machine."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Bench:
    def __init__(self, rounds: int, servers: list[Server]) -> None:
        self.rounds, self.servers = rounds, servers
        self.cpu: dict[str, list[float]] = {}
        self.runs: dict[str, Callable[[], object]] = {}
        self.seconds: dict[str, list[float]] = {}
        self.commands: dict[str, str] = {}

    def add(self, name: str, run: Callable[[], object], command: str = "") -> None:
        self.runs[name], self.commands[name] = run, command

    def add_command(self, name: str, words: list[str], codes: tuple[int, ...], says: str = "") -> None:
        def run() -> None:
            done = subprocess.run(words, capture_output=True, text=True,
                                  env={**os.environ, "EVENKEEL_STATE_DIR": tempfile.mkdtemp(prefix="bench")})
            if done.returncode not in codes or says not in done.stdout:
                sys.exit(f"{' '.join(words)}\nexit {done.returncode}\n{done.stdout}{done.stderr}")

        self.add(name, run, " ".join(words))

    def measure(self) -> None:
        for turn in range(self.rounds + 1):
            for name, run in self.runs.items():
                before = [cpu_seconds(server) for server in self.servers]
                began = time.monotonic()
                run()
                seconds = time.monotonic() - began
                # The first turn warms up.
                if turn:
                    self.seconds.setdefault(name, []).append(seconds)
                    worked = [cpu_seconds(server) - was for server, was in zip(self.servers, before)]
                    self.cpu.setdefault(name, []).append(max(worked))

    def show(self) -> None:
        for name in self.runs:
            times, worked = self.seconds[name], statistics.median(self.cpu[name])
            print(f"{name:28} {statistics.median(times):7.3f} s ({min(times):.3f} to {max(times):.3f}), busiest server "
                  f"{worked:.2f} s CPU   {self.commands[name]}")

    def ratio(self, mine: str, other: str, bar: str) -> None:
        if mine in self.seconds and other in self.seconds:
            wall, cpu = (statistics.median(of[mine]) / statistics.median(of[other]) for of in (self.seconds, self.cpu))
            print(f"{mine} / {other}: {wall:.2f}   (bar {bar}); by CPU of the busiest server {cpu:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", type=Path, default=TESTS.parent / "build" / "release")
    parser.add_argument("--drifted", type=int, default=10_000)
    words = parser.parse_args()
    plugin = words.build.absolute() / "plugins/check_table_sync/check_table_sync"

    with Sandbox() as box:
        source = box.server("source", options=[*WARM, "--binlog-format=STATEMENT"])
        replicas = [box.replica(name, of=source, options=WARM) for name in ("replica", "second")]
        drifted = box.replica("drifted", of=source, options=WARM)
        for server in (source, *replicas, drifted):
            fill(server, words.rows)
        files = [option_file(server) for server in (source, *replicas, drifted)]
        step = max(1, words.rows // words.drifted)
        ask(drifted, f"update shop.orders set amount = amount + 1 where id % {step} = 0")
        changed = words.rows // step

        bench = Bench(words.rounds, [source, *replicas, drifted])
        bench.add("count(*)", lambda: ask(source, "select count(*) from shop.orders"))
        bench.add("CHECKSUM TABLE", lambda: ask(replicas[0], "checksum table shop.orders"))
        bench.add_command("pt-table-checksum", pt_table_checksum(source, replicas[:1], files[0]), (0,))
        ours = [str(plugin), "--no-state", "-t", "120", "--table", "shop.orders"]
        if plugin.exists():
            pair = [*ours, "-f", files[0], "-f", files[1]]
            bench.add_command("check_table_sync", pair, (0,))
            bench.add_command("check_table_sync, 3 servers", [*pair, "-f", files[2]], (0,))
            bench.add_command("check_table_sync, drifted", [*ours, "-f", files[0], "-f", files[3]], (2,),
                              f"rows_differing={changed};")
        else:
            print(f"{plugin} is not built; the digest query alone, on both servers at once")
            tool = words.build.absolute() / "tests/quiet_table_sync"
            add_digest_alone(bench, tool, [source, replicas[0]], words.rows)
        bench.measure()

    print(f"medians of {words.rounds}, {words.rows} rows, {os.cpu_count()} processors")
    bench.show()
    for mine in ("check_table_sync", "digest query"):
        bench.ratio(mine, "pt-table-checksum", "0.40")
        bench.ratio(mine, "CHECKSUM TABLE", "3.5")
    bench.ratio("check_table_sync, 3 servers", "check_table_sync", "1.7")
    bench.ratio("check_table_sync, drifted", "check_table_sync", "4")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest child process: {peak:.0f} MiB (the servers and pt-table-checksum included)")


def pt_table_checksum(source: Server, replicas: list[Server], file: str) -> list[str]:
    with source.session() as session:
        session.sql(["set sql_log_bin=0", "create database percona",
                     "create table percona.dsns (id int auto_increment primary key, parent_id int, dsn varchar(255) not null)",
                     *(f"insert into percona.dsns (dsn) values ('h={server.host},P={server.port},u=bench,p=bench')"
                       for server in replicas)])
    for server in replicas:
        ask(server, "create database if not exists percona")
    dsn = f"F={file},h={source.host},P={source.port}"
    return ["pt-table-checksum", dsn, "--tables", "shop.orders", "--no-check-binlog-format", "--no-version-check",
            "--recursion-method", f"dsn=D=percona,t=dsns,{dsn}"]


def add_digest_alone(bench: Bench, tool: Path, servers: list[Server], rows: int) -> None:
    said = subprocess.run([str(tool), "--sql", "--rows", str(2 * rows), "--table", "shop.orders",
                           *(str(server.socket) for server in servers)], capture_output=True, text=True, check=True)
    query = next(line for line in said.stdout.splitlines() if line.startswith("SELECT"))
    words = ["mariadb", "-uroot", "-BNe", "set names utf8mb4; " + query]

    def run() -> None:
        clients = [subprocess.Popen([words[0], f"-S{server.socket}", *words[1:]], stdout=subprocess.DEVNULL)
                   for server in servers]
        if any(client.wait() for client in clients):
            sys.exit("the digest query failed")

    bench.add("digest query", run)


if __name__ == "__main__":
    main()
