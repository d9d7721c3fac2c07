"""Servers as if they were far away: a TCP proxy that holds back all traffic for a time, each way.

    /usr/bin/python3 tests/fakes/delaying_proxy.py --one-way-ms 25 --ports 50 127.0.0.1:3306

prints one port per line and serves until stdin closes. From Python:

    with DelayingProxy(("127.0.0.1", server.port), one_way=0.025, ports=50) as proxy:
        ... proxy.ports ...

Connections do not wait for each other, and what comes in one piece goes on in one piece.

`disguise` names texts by which the server could be known again, such as its port or UUID. In its answers each port
shows others of the same length, so that the ports look like servers of their own.
"""

import argparse
import asyncio
import functools
import sys
import threading


class _Side(asyncio.Protocol):
    """One end of a proxied connection; what it receives reaches `other` after the delay."""

    def __init__(self, delay, disguised=lambda data: data):
        self.delay = delay
        self.disguised = disguised
        self.other = None
        self.transport = None
        self.waiting = []

    def connection_made(self, transport):
        self.transport = transport
        for data in self.waiting:
            transport.write(data)

    def data_received(self, data):
        self._later(self.other.deliver, self.disguised(data))

    def eof_received(self):
        self._later(self.other.end)
        return True

    def connection_lost(self, _):
        self._later(self.other.end)

    def deliver(self, data):
        if self.transport is None:
            self.waiting.append(data)
        elif not self.transport.is_closing():
            self.transport.write(data)

    def end(self):
        if self.transport is not None:
            self.transport.close()

    def _later(self, call, *arguments):
        # Timers of equal delay fire in the order they were set: nothing overtakes.
        asyncio.get_running_loop().call_later(self.delay, call, *arguments)


class DelayingProxy:
    def __init__(self, upstream, one_way, ports=1, disguise=()):
        self.upstream = upstream
        self.disguise = [text.encode() for text in disguise]
        self.one_way = one_way
        self.ports = []
        self._count = ports
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        ready.set()
        self._loop.run_forever()

    async def _listen(self):
        for number in range(self._count):
            server = await self._loop.create_server(functools.partial(self._near_side, number), "127.0.0.1", 0, backlog=512)
            self.ports.append(server.sockets[0].getsockname()[1])

    def _disguised(self, number, data):
        for text in self.disguise:
            data = data.replace(text, b"%0*d" % (len(text), number))
        return data

    def _near_side(self, number):
        near, far = _Side(self.one_way), _Side(self.one_way, functools.partial(self._disguised, number))
        near.other, far.other = far, near
        # The kernel has accepted at once; far away, the handshake's third packet takes three ways.
        self._loop.call_later(3 * self.one_way, lambda: self._loop.create_task(self._connect(far)))
        return near

    async def _connect(self, far):
        try:
            await self._loop.create_connection(lambda: far, *self.upstream)
        except OSError:
            far.other.end()


def main():
    parser = argparse.ArgumentParser(description="A TCP proxy that delays all traffic, each way.")
    parser.add_argument("upstream", help="HOST:PORT to connect to")
    parser.add_argument("--one-way-ms", type=float, default=25)
    parser.add_argument("--ports", type=int, default=1, help="how many ports to listen on")
    words = parser.parse_args()
    host, _, port = words.upstream.rpartition(":")
    with DelayingProxy((host, int(port)), words.one_way_ms / 1000, words.ports) as proxy:
        print(*proxy.ports, sep="\n", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
