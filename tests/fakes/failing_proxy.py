"""Between a client and a server: hands on every request but the n-th, with which it does something else.

    with FailingProxy(cache.port, TEXT) as proxy:
        proxy.fail(at=3, fault=HANG) ... proxy.address ... proxy.requests ... proxy.failed ...

Requests are counted over all connections, from 1, since the last fail(). Faults: HANG, CLOSE and RESET, of a request that the
server never sees; cut(k), of a request that it answers, and of whose answer k bytes come (from the end where k is negative);
instead(answer), which the server does not see either, and after which the connection goes on.
Protocols: TEXT and BINARY are memcached's (doc/protocol.txt, doc/protocol-binary.txt), HTTP has requests without a body.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple

BINARY_HEADER = struct.Struct(">BBHBBHIIQ")
QUIT = 0x07


class Protocol(NamedTuple):
    """`size` gives the bytes of the request at the begin of the data, or 0 where it is not whole yet."""
    size: Callable[[bytes], int]
    counts: Callable[[bytes], bool]


def _size_of_text(data: bytes) -> int:
    line, end, _ = data.partition(b"\r\n")
    if not end:
        return 0
    words = line.split()
    size = len(line) + 2 + (int(words[4]) + 2 if words[:1] == [b"set"] else 0)
    return size if len(data) >= size else 0


def _size_of_binary(data: bytes) -> int:
    size = BINARY_HEADER.size
    if len(data) >= size:
        size += BINARY_HEADER.unpack(data[:size])[6]
    return size if len(data) >= size else 0


TEXT = Protocol(_size_of_text, lambda request: request != b"quit\r\n")
BINARY = Protocol(_size_of_binary, lambda request: request[1] != QUIT)
HTTP = Protocol(lambda data: data.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in data else 0, lambda _: True)


class Fault(NamedTuple):
    name: str
    bytes: int = 0
    answer: Callable[[bytes], bytes] = lambda _: b""


HANG, CLOSE, RESET = Fault("hang"), Fault("close"), Fault("reset")


def cut(count: int) -> Fault:
    return Fault("cut", count)


def instead(answer: bytes | Callable[[bytes], bytes], name: str) -> Fault:
    return Fault(name, 0, answer if callable(answer) else lambda _: answer)


def binary_error(status: int, words: str) -> Fault:
    """To whatever was asked."""
    def answer(request: bytes) -> bytes:
        opcode, opaque = request[1], BINARY_HEADER.unpack(request[:BINARY_HEADER.size])[7]
        return BINARY_HEADER.pack(0x81, opcode, 0, 0, 0, status, len(words), opaque, 0) + words.encode()
    return instead(answer, words)


class _Connection:
    """One client's, with its own to the server."""

    def __init__(self, proxy: FailingProxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy, self.client, self.server = proxy, client, server
        self.cut: int | None = None
        self.broken = False

    def serve(self) -> None:
        data = b""
        while True:
            while not (size := self.proxy.protocol.size(data)):
                part = self.client.recv(65536)
                if not part:
                    return
                data += part
            request, data = data[:size], data[size:]
            fault = self.proxy.fault_of(request)
            if fault is not None and not self._goes_on_after(fault, request):
                return
            if fault is None or fault.name == "cut":
                self.server.sendall(request)

    def _goes_on_after(self, fault: Fault, request: bytes) -> bool:
        self.broken = True
        if fault.name == "hang":
            while self.client.recv(65536):
                pass
        elif fault.name == "reset":
            # With linger zero, close() sends RST instead of FIN.
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault.name != "close":
            self.broken = False
            if fault.name == "cut":
                self.cut = fault.bytes
            else:
                self.client.sendall(fault.answer(request))
        return not self.broken

    def hand_back(self) -> None:
        """The server's answers. One that is cut comes in one piece, as servers send it."""
        with contextlib.suppress(OSError):
            while answer := self.server.recv(1 << 20):
                if self.cut is not None:
                    self.proxy.is_cut = True
                    self.client.sendall(answer[:self.cut])
                    break
                self.client.sendall(answer)
            # A shutdown would come before the reset.
            if not self.broken:
                self.client.shutdown(socket.SHUT_RDWR)


class FailingProxy:
    def __init__(self, port: int, protocol: Protocol) -> None:
        self.upstream, self.protocol = port, protocol
        self.requests: list[bytes] = []
        self.is_cut = False
        self._at = 0
        self._fault = HANG
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def fail(self, at: int, fault: Fault) -> None:
        with self._lock:
            self._at, self._fault, self.requests, self.is_cut = at, fault, [], False

    @property
    def failed(self) -> bytes:
        """The request that met the fault, or nothing; a server may close the connection before there is an answer to cut."""
        met = 0 < self._at <= len(self.requests) and (self._fault.name != "cut" or self.is_cut)
        return self.requests[self._at - 1] if met else b""

    def fault_of(self, request: bytes) -> Fault | None:
        if not self.protocol.counts(request):
            return None
        with self._lock:
            self.requests.append(request)
            return self._fault if len(self.requests) == self._at else None

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.upstream)) as server:
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = _Connection(self, client, server)
            threading.Thread(target=connection.hand_back, daemon=True).start()
            connection.serve()
            server.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> FailingProxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # close() alone leaves the thread in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
