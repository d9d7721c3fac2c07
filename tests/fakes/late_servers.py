"""Many servers in one process, each of which answers a while after it was asked, or never.

    with LateHttp(answering=180, silent=20) as servers: … servers.addresses …
"""

import asyncio
import threading
import time

from .misbehaving_http import PAGE, answer

STATS = b"STAT pid 7\r\nSTAT uptime 90\r\nSTAT version 1.6.18\r\nSTAT evictions 0\r\nEND\r\n"


class LateServers:
    """`reply` makes an answer of the request's bytes, or None while the request is not complete."""

    def __init__(self, answering, silent=0, seconds=0.1):
        self.counts, self.seconds = (answering, silent), seconds
        self.addresses, self.silent_addresses = [], []
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    async def _serve(self, reader, writer):
        data = b""
        try:
            while True:
                data += await reader.read(65536)
                if reader.at_eof():
                    break
                reply, data = self.reply(data)
                if reply is not None:
                    await asyncio.sleep(self.seconds)
                    writer.write(reply)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _say_nothing(self, reader, writer):
        try:
            while await reader.read(65536):
                pass
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _listen(self):
        for count, serve, addresses in ((self.counts[0], self._serve, self.addresses),
                                        (self.counts[1], self._say_nothing, self.silent_addresses)):
            for _ in range(count):
                server = await asyncio.start_server(serve, "127.0.0.1", 0)
                addresses.append("127.0.0.1:%d" % server.sockets[0].getsockname()[1])
        self.ready.set()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.create_task(self._listen())
        self.loop.run_forever()

    def __enter__(self):
        self.thread.start()
        self.ready.wait()
        return self

    async def _end(self):
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        self.loop.stop()

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._end(), self.loop)
        self.thread.join()
        self.loop.close()


class LateHttp(LateServers):
    """A status page whose counters go up by one request each time, and its uptime with the time. One that stood
    still would be a cached page, and asked again and again."""

    count = 1000
    up_since = time.monotonic() - 90

    def reply(self, data):
        if b"\r\n\r\n" not in data:
            return None, data
        self.count += 1
        uptime = b"Uptime: %d" % (time.monotonic() - self.up_since)
        return answer(PAGE.replace(b"500", b"%d" % self.count).replace(b"Uptime: 90", uptime)), b""


class LateMemcached(LateServers):
    """Its version and statistics alone: ask it with --no-round-trip."""

    def reply(self, data):
        if not data.endswith(b"\r\n"):
            return None, data
        words = data.split()
        replies = {b"quit": b"", b"version": b"VERSION 1.6.18\r\n", b"stats": STATS if len(words) == 1 else b"END\r\n"}
        return replies[words[0]], b""
