"""A memcached that misbehaves on purpose, one situation at a time: `with misbehaving("loses_values") as server: … server.address`."""

import struct

from .scripted_server import ScriptedServer

STATS = (b"STAT pid 7\r\nSTAT uptime 90\r\nSTAT version 1.6.18\r\nSTAT curr_items 1\r\nSTAT limit_maxbytes 67108864\r\n"
         b"STAT get_hits 5\r\nSTAT get_misses 5\r\nSTAT evictions 0\r\nEND\r\n")

BLANK_AT_END = b"blank_at_end"


def obedient(line, changes):
    """Does what memcached does, but for `changes`: command word → answer, or function of (line, command) that gives it;
    BLANK_AT_END → answer to any command that ends in a blank."""
    values = {}
    data = b""
    while True:
        while b"\r\n" not in data:
            data += line.receive()
        command, _, data = data.partition(b"\r\n")
        words = command.split()
        reply = b"ERROR\r\n"
        if words[:1] == [b"set"]:
            size = int(words[4])
            while len(data) < size + 2:
                data += line.receive()
            values[words[1]] = data[:size]
            data = data[size + 2:]
            reply = b"STORED\r\n"
        elif words[:1] in ([b"get"], [b"gets"]):
            value = values.get(words[1])
            reply = b"END\r\n" if value is None else b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (words[1], len(value), value)
        elif words[:1] == [b"delete"]:
            reply = b"DELETED\r\n" if values.pop(words[1], None) is not None else b"NOT_FOUND\r\n"
        elif words[:1] == [b"stats"]:
            reply = STATS if len(words) == 1 else b"END\r\n"
        elif words[:1] == [b"version"]:
            reply = b"VERSION 1.6.18\r\n"
        elif words[:1] == [b"quit"]:
            return
        change = changes.get(words[0] if words else b"")
        if command.endswith(b" "):
            change = changes.get(BLANK_AT_END, change)
        if callable(change):
            change(line, words)
        else:
            line.send(reply if change is None else change)


def but(**changes):
    prepared = {word.encode(): change for word, change in changes.items()}
    return lambda line: obedient(line, prepared)


def first(data, then="wait"):
    def script(line):
        line.receive()
        line.send(data)
        {"wait": line.wait_for_ever, "close": lambda: None, "reset": line.reset}[then]()
    return script


def silent(line):
    line.wait_for_ever()


def closes(line):
    line.receive()


def resets(line):
    line.receive()
    line.reset()


def hangs(line, _):
    line.wait_for_ever()


def hangs_up(line, _):
    raise ConnectionError("on purpose")


def no_settings(line, words):
    line.send(b"ERROR\r\n" if len(words) > 1 else STATS)


def endless_stats(line, _):
    line.endlessly(b"STAT name value\r\n" * 1000)


def endless_line(line, _):
    line.send(b"STAT name ")
    line.endlessly(b"x" * 65536)


def trickled_stats(line, _):
    line.trickle(STATS)


def another_key(line, words):
    line.send(b"VALUE " + b"k" * 250 + b" 0 1\r\nx\r\nEND\r\n")


def overlong_key(line, words):
    line.send(b"VALUE " + b"k" * 330 + b" 0 1\r\nx\r\nEND\r\n")


def told(**statistics):
    """An answer to `stats`; of other questions about statistics relatives know nothing."""
    answer = b"".join(b"STAT %s %s\r\n" % (name.encode(), str(value).encode()) for name, value in statistics.items()) + b"END\r\n"
    return lambda line, words: line.send(answer if len(words) == 1 else b"ERROR\r\n")


# The relatives' statistics as their sources write them, in part.
# Dragonfly: src/server/server_family.cc, ServerFamily::StatsMC(); its version is a git tag.
DRAGONFLY = {"pid": 1, "uptime": 90, "time": 1700000090, "version": "v1.25.1", "libevent": "iouring", "pointer_size": 8,
             "rusage_user": "0.42", "rusage_system": "0.31", "max_connections": -1, "curr_connections": 2,
             "total_connections": -1, "rejected_connections": -1, "bytes_read": 524, "bytes_written": 431, "limit_maxbytes": -1}
# mcrouter: mcrouter/stat_list.h; cmd_get and cmd_set are rates there, and the counters are called cmd_get_count.
MCROUTER = {"version": "mcrouter 36.0.0", "commandargs": "-p 5000 --config-str={\"route\":\"NullRoute\"}", "child_pid": 27051,
            "parent_pid": 18758, "time": 1700000090, "uptime": 90, "num_servers": 1, "num_servers_up": 1, "num_clients": 1,
            "rusage_system": "0.5", "rusage_user": "0.25", "cmd_get_count": 1, "cmd_set_count": 1, "cmd_get": 3, "cmd_set": 2,
            "duration_us": "0"}
# Hazelcast: com.hazelcast.internal.ascii.memcache, Stats and VersionCommandProcessor.
HAZELCAST = {"uptime": 90, "threads": 3, "waiting_requests": 0, "curr_connections": 1, "total_connections": 1, "bytes": 0,
             "cmd_get": 1, "cmd_set": 1, "cmd_touch": 0, "get_hits": 1, "get_misses": 0, "delete_hits": 1}
# Infinispan: server/memcached, createStatsResponse(); what it does not support is 0.
INFINISPAN = {"pid": 0, "uptime": 90, "time": 1700000090, "version": "9.4.24.Final", "pointer_size": 0, "rusage_user": 0,
              "rusage_system": 0, "curr_items": 1, "total_items": 1, "bytes": 0, "curr_connections": 0,
              "total_connections": 0, "connection_structures": 0, "cmd_get": 1, "cmd_set": 1, "get_hits": 1, "get_misses": 0,
              "evictions": 0, "limit_maxbytes": 0, "threads": 0}
MEMCACHED = {"pid": 7, "uptime": 90, "time": 1700000090, "version": "1.6.18", "max_connections": 1024, "curr_connections": 1,
             "cmd_get": 1, "cmd_set": 1, "get_hits": 1, "get_misses": 0, "limit_maxbytes": 1 << 26, "bytes": 70,
             "curr_items": 1, "evictions": 0}
WRAPPED = {**MEMCACHED, "bytes": (1 << 64) - 70, "curr_items": (1 << 64) - 1, "curr_connections": (1 << 32) - 3}
LONG = {**MEMCACHED, "version": "1.6.18-" + "x" * 400, "ssl_ciphers": "y" * 5000}


def packet(opcode, key=0, extras=0, status=0, body=b"", length=None):
    return struct.pack(">BBHBBHIIQ", 0x81, opcode, key, extras, 0, status, len(body) if length is None else length, 0, 0) + body


SITUATIONS = {
    "refuses": None,
    "works": but(),
    "silent": silent,
    "closes": closes,
    "resets": resets,
    "hangs_in_get": but(get=hangs),
    "hangs_in_stats": but(stats=hangs),
    "trickles_stats": but(stats=trickled_stats),
    "endless_stats": but(stats=endless_stats),
    "endless_line": but(stats=endless_line),
    "out_of_memory": but(set=b"SERVER_ERROR out of memory storing object\r\n"),
    "too_large": but(set=b"SERVER_ERROR object too large for cache\r\n"),
    "not_stored": but(set=b"NOT_STORED\r\n"),
    "error": but(set=b"ERROR\r\n"),
    "rude_error": but(set=b"SERVER_ERROR \x1b[2J|x=1\xff\r\n"),
    "rude_words": but(set=b"SERVER_ERROR a|b=1 \xff\xfe c\r\n"),
    "hangs_in_version": but(version=hangs),
    "hangs_up_in_version": but(version=hangs_up),
    "refuses_version": but(version=b"ERROR\r\n"),
    "version_of_a_proxy": but(version=b"VERSION mcrouter 37\r\n"),
    "no_settings": but(stats=no_settings),
    # Source: twemproxy, src/proto/nc_memcache.c: stats is no request that it parses; version only from 0.5 on.
    "twemproxy": but(stats=hangs_up, version=hangs_up),
    "twemproxy_0.5": but(stats=hangs_up, version=b"VERSION 0.5.0\r\n"),
    "mcrouter": but(blank_at_end=b"CLIENT_ERROR malformed request\r\n", stats=told(**MCROUTER),
                    version=b"VERSION mcrouter 36.0.0\r\n"),
    "dragonfly": but(stats=told(**DRAGONFLY), version=b"VERSION df-v1.25.1\r\n"),
    "hazelcast": but(stats=told(**HAZELCAST), version=b"VERSION Hazelcast\r\n"),
    "infinispan": but(stats=told(**INFINISPAN), version=b"VERSION 9.4.24.Final\r\n"),
    "wrapped_gauges": but(stats=told(**WRAPPED)),
    "long_statistics": but(stats=told(**LONG)),
    "wants_a_token": but(set=b"CLIENT_ERROR bad authentication token format\r\n"),
    "unauthenticated": but(set=b"CLIENT_ERROR unauthenticated\r\n"),
    "loses_values": but(get=b"END\r\n"),
    "another_value": but(get=b"VALUE k 0 3\r\nxyz\r\nEND\r\n"),
    "another_key": but(get=another_key),
    "overlong_key": but(get=overlong_key),
    "value_of_gigabytes": but(get=b"VALUE k 0 4294967290\r\n"),
    "value_of_more_than_there_is": but(get=b"VALUE k 0 99999999999999999999\r\n"),
    "value_without_numbers": but(get=b"VALUE k\r\n"),
    "value_cut_short": but(get=b"VALUE k 0 30\r\nabc\r\n"),
    "deletes_nothing": but(delete=b"NOT_FOUND\r\n"),
    "answers_another_question": but(set=b"DELETED\r\n"),
    "a_value_for_a_set": but(set=b"VALUE k 0 1\r\nx\r\nEND\r\n"),
    "a_statistic_for_a_set": but(set=b"STAT a 1\r\n"),
    "stored_for_a_get": but(get=b"STORED\r\n"),
    "stored_for_a_delete": but(delete=b"STORED\r\n"),
    "refuses_gets": but(get=b"SERVER_ERROR backend down\r\n"),
    "refuses_deletes": but(delete=b"SERVER_ERROR backend down\r\n"),
    "full": first(b"ERROR Too many open connections\r\n", "close"),
    "version_alone": but(set=b"VERSION\r\n"),
    "stats_without_names": but(stats=b"STAT\r\nSTAT \r\nEND\r\n"),
    "stats_of_nothing": but(stats=b"END\r\n"),
    "stats_of_nonsense": but(stats=b"STAT uptime abc\r\nSTAT version x\r\nEND\r\n"),
    "rude_version": but(stats=b"STAT uptime 5\r\nSTAT version \xff\xfe|x=1\r\nEND\r\n"),
    "stats_refused": but(stats=b"CLIENT_ERROR no\r\n"),
    "garbage": first(bytes(range(256)) * 64),
    "nothing_but_zeros": first(b"\0" * 4096),
    "http_server": first(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    "ssh_server": first(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    "tls_server": first(b"\x15\x03\x01\x00\x02\x02\x46", "close"),
    "redis": first(b"-ERR unknown command 'set'\r\n" * 3),
    "binary_answers": first(packet(0x01)),
}

# Asked with --auth-file, and so in the binary protocol.
BINARY_SITUATIONS = {
    "binary_silent": silent,
    "binary_closes": closes,
    "binary_full": first(b"ERROR Too many open connections\r\n", "close"),
    "binary_text": first(b"ERROR\r\n"),
    "binary_key_longer_than_body": first(packet(0x20, key=65535, length=5, body=b"PLAIN")),
    "binary_body_of_gigabytes": first(packet(0x20, length=0xFFFFFFFF)),
    "binary_error_of_gigabytes": first(packet(0x20, status=0x81, length=0xFFFFFFFF)),
    "binary_no_sasl": first(packet(0x20, status=0x81, body=b"Unknown command")),
    "binary_no_mechanism_we_know": first(packet(0x20, body=b"X-NOTHING")),
    "binary_overrunning_stat": first(packet(0x10, key=300, length=600, body=b"x" * 600)),
    "binary_wrong_opcode": first(packet(0x99)),
}


def misbehaving(situation):
    return ScriptedServer({**SITUATIONS, **BINARY_SITUATIONS}[situation])
