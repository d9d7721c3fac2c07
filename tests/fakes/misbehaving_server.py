"""A MySQL server that misbehaves on purpose, one situation at a time.

    /usr/bin/python3 tests/fakes/misbehaving_server.py SITUATION

prints its port and serves until stdin closes. From Python:

    with MisbehavingServer("endless_rows") as server:
        ... server.port ... server.logins ...

`logins` holds what clients sent to log in: a test can see that no password was among it.
Protocol: MySQL Internals, "Client/Server Protocol".
"""

import socket
import struct
import sys
import threading
import time

MIB = 1 << 20
ERROR = 0xFF
CAPABILITIES = 0x81FFF7DF & ~0x0800 & ~0x20  # neither TLS nor compression
TLS = 0x0800
SCRAMBLE = b"abcdefghijklmnopqrst"


class Wire:
    """Packets over one connection."""

    def __init__(self, connection):
        self.connection = connection
        self.sequence = 0

    def raw(self, data):
        self.connection.sendall(data)

    def packet(self, payload):
        self.raw(self.framed(payload))

    def framed(self, payload):
        frame = struct.pack("<I", len(payload))[:3] + bytes([self.sequence % 256]) + payload
        self.sequence += 1
        return frame

    def endlessly(self, payload):
        """The same packet again and again, as fast as the kernel takes it: the client's limits are to end this, not
        its time. A packet's number is a byte, so what comes after 256 of them is the same bytes again."""
        cycle = b"".join(self.framed(payload) for _ in range(256))
        data = cycle * (MIB // len(cycle) + 1)
        while True:
            self.raw(data)

    def read(self):
        header = self._exactly(4)
        self.sequence = header[3] + 1
        return self._exactly(int.from_bytes(header[:3], "little"))

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            chunk = self.connection.recv(count - len(data))
            if not chunk:
                raise ConnectionError("client left")
            data += chunk
        return data


def greeting(capabilities=CAPABILITIES, version=b"10.11.0-MariaDB", plugin=b"mysql_native_password"):
    return (
        b"\x0a" + version + b"\0" + struct.pack("<I", 7) + SCRAMBLE[:8] + b"\0"
        + struct.pack("<H", capabilities & 0xFFFF) + b"\x2d" + struct.pack("<H", 2)
        + struct.pack("<H", capabilities >> 16) + bytes([len(SCRAMBLE) + 1]) + b"\0" * 10
        + SCRAMBLE[8:] + b"\0" + plugin + b"\0"
    )


def ok():
    return b"\0\0\0" + struct.pack("<HH", 2, 0)


def eof():
    return b"\xfe" + struct.pack("<HH", 0, 2)


def error(code, text, state=b"HY000"):
    return bytes([ERROR]) + struct.pack("<H", code) + b"#" + state + text


def counted(data):
    if len(data) < 251:
        return bytes([len(data)]) + data
    if len(data) < 1 << 16:
        return b"\xfc" + struct.pack("<H", len(data)) + data
    if len(data) < 1 << 24:
        return b"\xfd" + struct.pack("<I", len(data))[:3] + data
    return b"\xfe" + struct.pack("<Q", len(data)) + data


def column(name):
    return (
        counted(b"def") + counted(b"") * 3 + counted(name) + counted(b"")
        + b"\x0c" + struct.pack("<HIBHB", 45, 1024, 253, 0, 0) + b"\0\0"
    )


def result(wire, columns, rows):
    data = wire.framed(bytes([len(columns)]))
    data += b"".join(wire.framed(column(name)) for name in columns) + wire.framed(eof())
    data += b"".join(wire.framed(b"".join(counted(cell) for cell in row)) for row in rows)
    wire.raw(data + wire.framed(eof()))


def wait_for_ever(wire):
    while wire.connection.recv(4096):
        pass


def reset(wire):
    # With linger zero, close() sends RST instead of FIN.
    wire.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.connection.close()


def trickle(wire, data):
    for byte in data:
        wire.raw(bytes([byte]))
        time.sleep(1)


# --- what a client meets before it is logged in ---


def accepts_and_is_silent(server, wire):
    wait_for_ever(wire)


def closes_at_once(server, wire):
    pass


def trickles_the_greeting(server, wire):
    trickle(wire, wire.framed(greeting()))


def resets_in_the_greeting(server, wire):
    wire.raw(wire.framed(greeting())[:20])
    reset(wire)


def closes_after_the_greeting(server, wire):
    wire.packet(greeting())


def resets_in_the_login(server, wire):
    wire.packet(greeting())
    server.note_login(wire.read())
    wire.raw(b"\x07\0\0")
    reset(wire)


def garbage(server, wire):
    wire.raw(bytes(range(256)) * 64)
    wait_for_ever(wire)


def http_server(server, wire):
    wire.raw(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def ssh_server(server, wire):
    wire.raw(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    wait_for_ever(wire)


def too_many_connections(server, wire):
    wire.packet(error(1040, b"Too many connections", b"08004"))


def host_blocked(server, wire):
    wire.packet(error(1129, b"Host '192.0.2.7' is blocked because of many connection errors"))


def host_not_allowed(server, wire):
    wire.packet(error(1130, b"Host '192.0.2.7' is not allowed to connect to this MariaDB server"))


def old_protocol(server, wire):
    wire.packet(b"\x09" + b"3.20.32\0" + struct.pack("<I", 7) + b"abcdefgh\0")
    wait_for_ever(wire)


def huge_packet_header(server, wire):
    wire.raw(b"\xff\xff\xff\0" + b"\x0a" * 1000)
    wait_for_ever(wire)


def endless_greeting(server, wire):
    wire.raw(b"\xff\xff\xff\0\x0a")
    while True:
        wire.raw(b"x" * 65536)


def empty_packets(server, wire):
    while True:
        wire.raw(b"\0\0\0\0" * 4096)


def short_greeting(server, wire):
    wire.packet(b"\x0a5.5\0")
    wait_for_ever(wire)


def wrong_auth_plugin(server, wire):
    wire.packet(greeting(plugin=b"no_such_plugin"))
    server.note_login(wire.read())
    wire.packet(b"\xfe" + b"no_such_plugin\0" + SCRAMBLE + b"\0")
    wait_for_ever(wire)


def plugin_name_with_a_path(server, wire):
    wire.packet(greeting())
    server.note_login(wire.read())
    wire.packet(b"\xfe" + b"../../../../tmp/evil\0" + SCRAMBLE + b"\0")
    wait_for_ever(wire)


def asks_for_the_password_in_clear(server, wire):
    wire.packet(greeting())
    server.note_login(wire.read())
    wire.packet(b"\xfe" + b"mysql_clear_password\0")
    server.note_login(wire.read())
    wire.packet(ok())
    wait_for_ever(wire)


def asks_for_the_sha2_password(server, wire):
    """What a MySQL server does that has not seen the user since it started; without TLS."""
    wire.packet(greeting(version=b"9.7.0", plugin=b"caching_sha2_password"))
    server.note_login(wire.read())
    wire.packet(b"\x01\x04")
    server.note_login(wire.read())
    wire.packet(error(1045, b"Access denied"))


def endless_auth_switch(server, wire):
    wire.packet(greeting())
    while True:
        server.note_login(wire.read())
        wire.packet(b"\xfe" + b"mysql_native_password\0" + SCRAMBLE + b"\0")


def endless_auth_data(server, wire):
    wire.packet(greeting())
    server.note_login(wire.read())
    while True:
        wire.raw(b"\xff\xff\xff\x02\x01" + b"x" * 65536)


def says_tls_and_hangs(server, wire):
    wire.packet(greeting(CAPABILITIES | TLS))
    server.note_login(wire.read())
    wait_for_ever(wire)


def says_tls_and_talks_plain(server, wire):
    wire.packet(greeting(CAPABILITIES | TLS))
    server.note_login(wire.read())
    wire.packet(ok())
    wait_for_ever(wire)


def rude_error_text(server, wire):
    wire.packet(error(1045, b"no | 'x'=1;2\nMYSQL_REPLICATION OK\r\x1b[2J\x07\0 \xff\xfe\xc0\x80 \xe2\x80\xae end" + b"!" * 3000))


# --- what a client meets once it is logged in ---


def logged_in(answer, sane_setup=True):
    """A server that lets everyone in, and gives `answer` to the first question that is the client's own."""

    def situation(server, wire):
        wire.packet(greeting())
        server.note_login(wire.read())
        wire.packet(ok())
        while True:
            query = wire.read()
            if query[:1] == b"\x01":
                return
            text = query[1:]
            server.queries.append(text.decode("utf-8", "replace"))
            if sane_setup and text.startswith(b"SET "):
                wire.packet(ok())
            elif sane_setup and b"lower_case_table_names" in text:
                result(wire, [b"Variable_name", b"Value"], [[b"lower_case_table_names", b"0"]])
            else:
                answer(server, wire)

    return situation


def hangs(server, wire):
    wait_for_ever(wire)


def closes(server, wire):
    wire.connection.close()


def resets(server, wire):
    reset(wire)


def resets_in_the_result(server, wire):
    wire.raw(wire.framed(b"\x01") + wire.framed(column(b"a")) + wire.framed(eof()) + b"\x40\0\0\x04\x3fabc")
    time.sleep(0.1)  # so that the client has read it when the reset comes
    reset(wire)


def closes_in_the_result(server, wire):
    wire.raw(wire.framed(b"\x01") + wire.framed(column(b"a")) + wire.framed(eof()) + b"\x40\0\0\x04\x3fabc")
    wire.connection.close()


def trickles_the_result(server, wire):
    trickle(wire, wire.framed(b"\x01") + wire.framed(column(b"a")) + wire.framed(eof()))


def fails_in_the_result(server, wire):
    wire.raw(wire.framed(b"\x01") + wire.framed(column(b"a")) + wire.framed(eof())
             + wire.framed(counted(b"1")) + wire.framed(error(1317, b"Query execution was interrupted")))


def huge_row(server, wire):
    wire.raw(wire.framed(b"\x01") + wire.framed(column(b"a")) + wire.framed(eof()))
    size = 15 * MIB
    wire.raw(struct.pack("<I", size + 4)[:3] + b"\x04" + b"\xfd" + struct.pack("<I", size)[:3])
    for _ in range(size // 65536):
        wire.raw(b"x" * 65536)
    wire.sequence = 5
    wire.packet(eof())


def giant_row(server, wire):
    """One row of 4 GiB, in packets of 16 MiB."""
    wire.raw(wire.framed(b"\x01") + wire.framed(column(b"a")) + wire.framed(eof()))
    first = True
    for number in range(256):
        wire.raw(b"\xff\xff\xff" + bytes([(4 + number) % 256]))
        left = 0xFFFFFF
        if first:
            wire.raw(b"\xfe" + struct.pack("<Q", 1 << 32))
            left -= 9
        first = False
        while left:
            size = min(left, 65536)
            wire.raw(b"x" * size)
            left -= size


def endless_rows(server, wire):
    wire.raw(wire.framed(b"\x01") + wire.framed(column(b"a")) + wire.framed(eof()))
    wire.endlessly(counted(b"x" * 1000))


def endless_short_rows(server, wire):
    wire.raw(wire.framed(b"\x01") + wire.framed(column(b"a")) + wire.framed(eof()))
    wire.endlessly(counted(b"x"))


def endless_null_rows(server, wire):
    columns = 250
    wire.raw(wire.framed(bytes([columns])) + b"".join(wire.framed(column(b"a")) for _ in range(columns))
             + wire.framed(eof()))
    wire.endlessly(b"\xfb" * columns)


def endless_columns(server, wire):
    wire.raw(wire.framed(b"\x01"))
    wire.endlessly(column(b"a"))


def more_columns_than_announced(server, wire):
    wire.raw(wire.framed(b"\x01") + b"".join(wire.framed(column(b"a" * 50)) for _ in range(500))
             + wire.framed(eof()) + wire.framed(eof()))


def fewer_columns_than_announced(server, wire):
    wire.raw(wire.framed(b"\xc8") + wire.framed(column(b"a")) + wire.framed(eof())
             + wire.framed(b"\x01x" * 200) + wire.framed(eof()))


def huge_column_count(server, wire):
    wire.raw(wire.framed(b"\xfe" + struct.pack("<Q", 1 << 40)) + wire.framed(column(b"a")) + wire.framed(eof())
             + wire.framed(eof()))


def short_row(server, wire):
    wire.raw(wire.framed(b"\x03") + b"".join(wire.framed(column(b"a")) for _ in range(3)) + wire.framed(eof())
             + wire.framed(b"\x01x\xfc\xff\xff") + wire.framed(eof()))


def short_column(server, wire):
    wire.raw(wire.framed(b"\x01") + wire.framed(b"\x03def\xfa") + wire.framed(eof()) + wire.framed(eof()))


def garbage_result(server, wire):
    wire.raw(bytes(range(1, 250)) * 64)
    wait_for_ever(wire)


def asks_for_local_infile(server, wire):
    wire.packet(b"\xfb/etc/passwd")
    server.files.append(wire.read())
    wire.packet(ok())


def ok_for_every_query(server, wire):
    wire.packet(ok())


def more_results_without_end(server, wire):
    while True:
        wire.sequence = 1
        wire.raw(b"\x07\0\0\x01" + b"\0\0\0" + struct.pack("<HH", 8 | 2, 0))


def endless_progress_reports(server, wire):
    report = b"\xff\xff\xff\x01\x01\x02\x00\x00\x00\x03abc"
    while True:
        wire.raw(wire.framed(report) * 1000)


def rude_query_error(server, wire):
    wire.packet(error(1227, b"Access | denied\n\x1b[31m;\xff'\"" + b"A" * 60000))


def rude_values(server, wire):
    names = [b"Slave_IO_Running", b"Slave_SQL_Running", b"Seconds_Behind_Master", b"Last_IO_Error",
             b"Last_SQL_Error", b"Connection_name", b"Master_Host", b"Master_Port"]
    rude = b"a|b\nMYSQL_REPLICATION OK - fine\x1b[2J\xff\xc0\x80\0'lag'=1;2"
    result(wire, names, [[b"Yes", b"No", b"nan", rude, rude, rude, rude, b"-1"]])


def names_its_source(server, wire):
    """A replica in good order, whose source has the name it was given."""
    names = [b"Slave_IO_Running", b"Slave_SQL_Running", b"Seconds_Behind_Master", b"Connection_name",
             b"Master_Host", b"Master_Port"]
    result(wire, names, [[b"Yes", b"Yes", b"0", b"", server.source_host, str(server.source_port).encode()]])


def stopped_with_an_error(server, wire):
    """A replica whose SQL thread stopped with the error that it was given."""
    number, text = server.replica_error
    names = [b"Slave_IO_Running", b"Slave_SQL_Running", b"Last_SQL_Errno", b"Last_SQL_Error", b"Last_IO_Errno",
             b"Last_IO_Error", b"Connection_name", b"Master_Host", b"Master_Port"]
    if server.queries[-1].endswith("SLAVES STATUS"):
        result(wire, names, [[b"No", b"No", number, text, number, text, b"", b"db1", b"3306"]])
    else:
        result(wire, [b"Variable_name", b"Value"], [])


def denies_the_login(server, wire):
    """And repeats the user's name, as servers do."""
    wire.packet(greeting())
    user = wire.read()[32:].partition(b"\0")[0]
    wire.packet(error(1045, b"Access denied for user '" + user + b"'@'web1' (using password: YES)", b"28000"))


def fails_with_an_error(server, wire):
    """Every statement fails with the error that the server was given."""
    number, text = server.replica_error
    wire.packet(error(int(number), text))


SITUATIONS = {
    function.__name__: function
    for function in (
        accepts_and_is_silent, closes_at_once, trickles_the_greeting, resets_in_the_greeting,
        closes_after_the_greeting, resets_in_the_login, garbage, http_server, ssh_server,
        too_many_connections, host_blocked, host_not_allowed, old_protocol, huge_packet_header,
        endless_greeting, empty_packets, short_greeting, wrong_auth_plugin, plugin_name_with_a_path,
        asks_for_the_password_in_clear, asks_for_the_sha2_password, endless_auth_switch, endless_auth_data, says_tls_and_hangs,
        says_tls_and_talks_plain, rude_error_text, denies_the_login,
    )
}
SITUATIONS.update(
    (function.__name__, logged_in(function))
    for function in (
        hangs, closes, resets, resets_in_the_result, closes_in_the_result, trickles_the_result,
        fails_in_the_result, huge_row, giant_row, endless_rows, endless_short_rows, endless_null_rows, endless_columns,
        more_columns_than_announced, fewer_columns_than_announced, huge_column_count, short_row,
        short_column, garbage_result, asks_for_local_infile, ok_for_every_query,
        more_results_without_end, endless_progress_reports, rude_query_error, rude_values, names_its_source, stopped_with_an_error,
        fails_with_an_error,
    )
)
# The client library's own first statements meet the same.
SITUATIONS.update(
    (function.__name__ + "_at_setup", logged_in(function, sane_setup=False))
    for function in (endless_rows, endless_columns, huge_row, asks_for_local_infile, hangs)
)
SITUATIONS["refuses"] = None


class MisbehavingServer:
    def __init__(self, situation, host="127.0.0.1"):
        self.situation = situation
        self.host = host
        self.logins = []
        self.queries = []
        self.files = []
        self.source_host = b"x;host=127.0.0.1"
        self.source_port = 1
        self.replica_error = (b"1105", b"something is wrong")
        self._connections = []
        self._listener = socket.create_server((host, 0))
        self.port = self._listener.getsockname()[1]
        if SITUATIONS[situation] is None:
            self._listener.close()  # the port is free: whoever comes is refused
        else:
            threading.Thread(target=self._accept, daemon=True).start()

    @property
    def met_anyone(self):
        return bool(self._connections)

    def note_login(self, packet):
        if len(self.logins) < 100:
            self.logins.append(packet)

    def stop(self):
        for endpoint in [self._listener, *self._connections]:
            try:
                endpoint.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            endpoint.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            SITUATIONS[self.situation](self, Wire(connection))
        except (OSError, ConnectionError):
            pass
        finally:
            connection.close()


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in SITUATIONS:
        sys.exit("usage: misbehaving_server.py SITUATION\nsituations: " + " ".join(sorted(SITUATIONS)))
    with MisbehavingServer(sys.argv[1]) as server:
        print(server.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
