"""Between a client and a MySQL server: hands on everything but the n-th statement, which never gets an answer, or an
error.

    with HangingProxy(server.port, at=3) as proxy:
        ... proxy.port ... proxy.statements ... proxy.hung ... proxy.hung_on ...
    with HangingProxy(server.port, at=3, error=1064) as proxy:

Statements are counted over all connections, from 1, as connections are. One that hangs holds up its own connection
and no other.
Protocol: MySQL Internals, "Client/Server Protocol".
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from types import TracebackType

QUERY = 3


def exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError("the client left")
        data += part
    return data


def error_packet(number: int, statement: bytes) -> bytes:
    """A syntax error repeats what it was about."""
    words = b"You have an error near '" + statement[:80] + b"' at line 1" if number == 1064 else b"something odd"
    body = b"\xff" + struct.pack("<H", number) + b"#HY000" + words
    return struct.pack("<I", len(body))[:3] + b"\x01" + body


class HangingProxy:
    """`at` 0: no statement hangs."""

    def __init__(self, port: int, at: int = 0, error: int = 0) -> None:
        self.at, self.error = at, error
        self.statements: list[str] = []
        self.hung_on = 0
        self._connections = 0
        self._server = port
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def hung(self) -> str:
        """The statement without an answer, or nothing."""
        return self.statements[self.at - 1] if 0 < self.at <= len(self.statements) else ""

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._connections += 1
                threading.Thread(target=self._serve, args=(client, self._connections), daemon=True).start()

    def _serve(self, client: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self._server)) as server:
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._answers, args=(server, client), daemon=True).start()
            try:
                self._requests(client, server, number)
            finally:
                server.shutdown(socket.SHUT_RDWR)

    def _requests(self, client: socket.socket, server: socket.socket, number: int) -> None:
        while True:
            header = exactly(client, 4)
            packet = exactly(client, int.from_bytes(header[:3], "little"))
            # What begins a conversation has number 0; a login goes on with one that the server began.
            is_statement = header[3] == 0 and packet[:1] == bytes([QUERY])
            if not is_statement or not self._note(number, packet[1:]):
                server.sendall(header + packet)
            elif self.error:
                client.sendall(error_packet(self.error, packet[1:]))
            else:
                while client.recv(4096):
                    pass
                return

    def _note(self, connection: int, text: bytes) -> bool:
        """Whether it is the one that hangs."""
        with self._lock:
            self.statements.append(text.decode("utf-8", "replace"))
            if len(self.statements) == self.at:
                self.hung_on = connection
                return True
            return False

    @staticmethod
    def _answers(server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while answer := server.recv(65536):
                client.sendall(answer)
            client.shutdown(socket.SHUT_WR)

    def __enter__(self) -> HangingProxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # close() alone leaves the thread in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
