"""Between a client and a server: cuts each answer of the server into segments, at one position or after every byte."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType

PAUSE = 0.003  # seconds, so that the client reads the first part by itself


class SegmentingProxy:
    """`cut`: the first part of each answer has so many bytes; 0: each byte is a segment of its own."""

    def __init__(self, port: int, cut: int) -> None:
        self.port, self.cut = port, cut
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.port)) as server:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._answers, args=(server, client), daemon=True).start()
            while asked := client.recv(65536):
                server.sendall(asked)

    def _answers(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while answer := server.recv(65536):
                size = self.cut or 1
                parts = [answer[:size], answer[size:]] if self.cut else [answer[i:i + 1] for i in range(len(answer))]
                for part in filter(None, parts):
                    client.sendall(part)
                    # What is to be shown is the pause itself.
                    time.sleep(PAUSE if self.cut else 0)
            client.shutdown(socket.SHUT_WR)

    def __enter__(self) -> SegmentingProxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.listener.close()
