"""The command line of the sandbox."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import sys
from collections.abc import Sequence

from . import boxes, held, kinds, services, templates
from .box import Sandbox
from .errors import BoxExists, KindUnavailable, SandboxError
from .server import Server
from .session import Rows
from .situations import SITUATIONS, Wish

DESCRIPTION = """Starts, breaks, repairs and stops real servers for tests and for playing: MariaDB, MySQL, Apache, memcached.
Servers run in a scratch folder, on loopback, on ports of their own, and stay up until `stop`."""
EXAMPLES = """examples:
  sandbox start source
  sandbox start replica1 --replica-of source
  sandbox break replica1 duplicate-row
  sandbox sql replica1 'show all slaves status'
  sandbox repair replica1
  sandbox start web --kind apache
  sandbox break web forbidden
  sandbox stop --all
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sandbox", description=DESCRIPTION, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    box = argparse.ArgumentParser(add_help=False)
    box.add_argument("--box", default="default", metavar="NAME",
                     help="servers of one box know each other; default: %(default)s")

    def command(name: str, text: str, *, boxed: bool = True, server: bool = False) -> argparse.ArgumentParser:
        # argparse lists only what was given a help text.
        listed = {"help": text} if text else {}
        made = commands.add_parser(name, description=text, parents=[box] if boxed else [], allow_abbrev=False,
                                   formatter_class=argparse.RawDescriptionHelpFormatter, **listed)
        if server:
            made.add_argument("name", metavar="NAME", help="the server's name")
        return made

    start = command("start", "start a server", server=True)
    start.add_argument("--kind", choices=[*kinds.KINDS, *services.KINDS], help=f"default: its source's, else {kinds.DEFAULT_KIND}")
    start.add_argument("--replica-of", metavar="SOURCE[,SOURCE…]",
                       help="replicate from it; with several, each is a channel of that name")
    start.add_argument("--tls", choices=["good", "expired", "wrong-name", "other-ca", "own"],
                       help="the certificate it shows; default: no TLS at all")
    start.add_argument("--option", action="append", default=[], metavar="--OPTION=VALUE",
                       help="an option for the server itself, written as --option=--NAME=VALUE; may be repeated")
    command("list", "show the servers of all boxes and how to connect", boxed=False)
    sql = command("sql", "run a statement as root, or open a client when there is none", server=True)
    sql.add_argument("statement", nargs="?", metavar="STATEMENT")
    texts = {key: it.text for key, it in SITUATIONS.items()} | {key: it[0] for key, it in services.SITUATIONS.items()}
    for name, text in (("break", "break a replica, an Apache or a memcached until `repair`"), ("hold", "")):
        breaking = command(name, text, server=True)
        breaking.epilog = "situations:\n" + "\n".join(f"  {key:15} {text}" for key, text in texts.items())
        breaking.add_argument("situation", choices=list(texts), metavar="SITUATION")
        breaking.add_argument("--channel", help="which one, where there are several")
        breaking.add_argument("--seconds", type=int, help="how far behind")
    command("repair", "undo `break`", server=True)
    command("freeze", "let a server hang (SIGSTOP)", server=True)
    command("thaw", "let it go on", server=True)
    stop = command("stop", "end a server and remove its data, or end them all")
    which = stop.add_mutually_exclusive_group(required=True)
    which.add_argument("name", nargs="?", metavar="NAME", help="the server's name")
    which.add_argument("--all", action="store_true", help="all servers of the box")
    command("kinds", "show the kinds of servers", boxed=False)
    fetch = command("fetch", "fetch a kind of server into the cache", boxed=False)
    fetch.add_argument("kind", choices=list(kinds.KINDS), metavar="KIND")
    return parser


def _box(name: str) -> Sandbox:
    with contextlib.suppress(SandboxError):
        return Sandbox.find(name)
    with contextlib.suppress(BoxExists):
        return Sandbox(name, keep=True)
    # Another `start` was quicker.
    return Sandbox.find(name)


def _connect_lines(server: Server) -> list[str]:
    return [f"  address      {server.host}:{server.port}",
            f"  as root      mariadb --no-defaults -uroot -S {shlex.quote(str(server.socket))}",
            f"  to monitor   {server.folder / 'monitor.cnf'}"]


def _state(server: Server) -> str:
    broken = held.situation_of(server)
    state = "frozen" if server.frozen else "running" if server.running else "down"
    return f"{state}, broken by {broken}" if broken else state


def _lines(server: Server) -> list[str]:
    sources = ", ".join(server.settings.sources.values())
    return [f"{server.name} ({server.kind}{f', replica of {sources}' if sources else ''}): {_state(server)}",
            *_connect_lines(server)]


def _show(server: Server) -> None:
    print("\n".join(_lines(server)))


def _empty(box: Sandbox) -> bool:
    return not list(box) and not services.names(box)


def _start(arguments: argparse.Namespace) -> None:
    box = _box(arguments.box)
    try:
        if arguments.kind in services.KINDS:
            if arguments.replica_of or arguments.tls or arguments.option:
                raise SandboxError("--replica-of, --tls and --option are for database servers")
            services.start(box, arguments.name, arguments.kind)
            print("\n".join(services.lines(box, arguments.name)))
            return
        if arguments.replica_of:
            sources = [box[name] for name in arguments.replica_of.split(",")]
            named = {source.name: source for source in sources}
            server = box.replica(arguments.name, sources[0] if len(sources) == 1 else named, arguments.option,
                                 kind=arguments.kind, tls=arguments.tls)
        else:
            server = box.server(arguments.name, arguments.kind or kinds.DEFAULT_KIND, arguments.option,
                                tls=arguments.tls)
        server.monitor_file()
    finally:
        # A box without a server is nothing that anybody would stop.
        if _empty(box):
            box.end()
    _show(server)


def _list(_: argparse.Namespace) -> None:
    folders = boxes.lived_in()
    for folder in folders:
        try:
            box = Sandbox.find(folder.name)
            lines = [line for server in box for line in _lines(server)] + list(services.all_lines(box))
        except (SandboxError, OSError):
            # Others end their boxes whenever they like.
            if folder in boxes.lived_in():
                raise
            continue
        print("\n".join([f"box {folder.name}", *lines]))
    if not folders:
        print("no servers")


def _print_rows(rows: Rows) -> None:
    if len(rows) == 1 and len(rows[0]) > 8:
        for key, value in rows[0].items():
            print(f"{key:>30}: {'NULL' if value is None else value}")
        return
    if rows:
        print("\t".join(rows[0]))
    for row in rows:
        print("\t".join("NULL" if value is None else str(value) for value in row.values()))


def _sql(arguments: argparse.Namespace) -> None:
    server = Sandbox.find(arguments.box)[arguments.name]
    if arguments.statement is None:
        os.execvp("mariadb", ["mariadb", "--no-defaults", "-uroot", f"--socket={server.socket}"])
    _print_rows(server.sql(arguments.statement))


def _break(arguments: argparse.Namespace) -> None:
    box = Sandbox.find(arguments.box)
    if services.is_one(box, arguments.name) != (arguments.situation in services.SITUATIONS):
        raise SandboxError(f"{arguments.name} cannot be broken by {arguments.situation}")
    if services.is_one(box, arguments.name):
        services.break_by(box, arguments.name, arguments.situation)
        print("\n".join(services.lines(box, arguments.name)))
        return
    server = box[arguments.name]
    held.begin(server, arguments.situation, Wish(arguments.channel, arguments.seconds))
    for channel in server.channels():
        lag = "NULL" if channel.lag is None else channel.lag
        error = channel.sql_error or channel.io_error
        name = f"{server.name} {channel.name}".rstrip()
        print(f"{name}: IO {channel.io}, SQL {channel.sql}, lag {lag}{f', {error}' if error else ''}")


def _hold(arguments: argparse.Namespace) -> None:
    server = Sandbox.find(arguments.box)[arguments.name]
    held.hold(server, arguments.situation, Wish(arguments.channel, arguments.seconds))


def _repair(arguments: argparse.Namespace) -> None:
    box = Sandbox.find(arguments.box)
    if services.is_one(box, arguments.name):
        print(f"{arguments.name}: {services.repair(box, arguments.name)} repaired")
        return
    server = box[arguments.name]
    print(f"{server.name}: {held.end(server)} repaired, in sync again")


def _freeze(arguments: argparse.Namespace) -> None:
    Sandbox.find(arguments.box)[arguments.name].freeze()


def _thaw(arguments: argparse.Namespace) -> None:
    Sandbox.find(arguments.box)[arguments.name].thaw()


def _stop(arguments: argparse.Namespace) -> None:
    box = Sandbox.find(arguments.box)
    if arguments.name and services.is_one(box, arguments.name):
        services.stop(box, arguments.name)
    elif arguments.name:
        box.remove(box[arguments.name])
    if arguments.all or _empty(box):
        box.end()


def _kinds(_: argparse.Namespace) -> None:
    for name in services.KINDS:
        print(f"{name:15} from this system")
    for kind in kinds.KINDS.values():
        print(f"{kind.name:15} {'from this system' if kind.is_of_this_system() else f'fetched from Debian {kind.suite}'}")


def _fetch(arguments: argparse.Namespace) -> None:
    programs = kinds.programs(arguments.kind)
    templates.data_dir(programs)
    print(f"{arguments.kind}: version {programs.version} is ready")


ACTIONS = {"start": _start, "list": _list, "sql": _sql, "break": _break, "hold": _hold, "repair": _repair,
           "freeze": _freeze, "thaw": _thaw, "stop": _stop, "kinds": _kinds, "fetch": _fetch}


def main(words: Sequence[str]) -> int:
    arguments = _parser().parse_args(words)
    try:
        ACTIONS[arguments.command](arguments)
        sys.stdout.flush()
    except KindUnavailable as missing:
        print(f"sandbox: {missing}", file=sys.stderr)
        return 3
    except (SandboxError, *Server.sql_errors) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # `sandbox list | head`: nobody reads on, and the interpreter must not complain while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
