"""A TCP server on loopback that does to each connection what a function says. What the tests' misbehaving servers are made of."""

import socket
import struct
import threading
import time


class Line:
    """One connection, as a script sees it."""

    def __init__(self, connection):
        self.connection = connection
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        self.connection.sendall(data)

    def receive(self):
        """What has come; raises when the client has left."""
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionError("client left")
        return data

    def receive_until(self, end):
        data = b""
        while end not in data:
            data += self.receive()
        return data

    def trickle(self, data, seconds=1.0):
        for byte in data:
            self.send(bytes([byte]))
            time.sleep(seconds)

    def endlessly(self, data):
        while True:
            self.send(data)

    def wait_for_ever(self):
        while self.connection.recv(65536):
            pass

    def reset(self):
        # With linger zero, close() sends RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class ScriptedServer:
    """`script` takes a Line and runs to its end or until the client leaves; None: nobody listens there."""

    def __init__(self, script):
        self.script = script
        self.connections = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        if script is None:
            self.listener.close()
        else:
            threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self.script(Line(connection))
        except OSError:
            pass
        finally:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for endpoint in (self.listener, *self.connections):
            try:
                endpoint.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            endpoint.close()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"
