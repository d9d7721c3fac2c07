"""What stands in front of servers: a cache that keeps pages, and balancers that give one answer from here and one from there.

    with CachingProxy(apache.port, seconds=120, tells_age=True) as proxy: … proxy.address …
    with Balancer([one.port, other.port], by="request") as balancer: … balancer.address …
"""

import http.client
import http.server
import itertools
import socket
import socketserver
import threading
import time


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        """A client that had enough has left."""


class _Front:
    def __init__(self, keep_alive=True):
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1" if keep_alive else "HTTP/1.0"

            def do_GET(self):
                with front.lock:
                    front.requests.append((self.path, dict(self.headers)))
                status, headers, body = front.answer(self.path)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.lock = threading.Lock()
        self.requests = []
        self.server = _Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def fetch(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, [("Content-Type", answer.getheader("Content-Type", ""))], answer.read()
    finally:
        connection.close()


class CachingProxy(_Front):
    """Keeps a page for so many seconds, whatever a request says of caches."""

    def __init__(self, upstream_port, seconds, tells_age=False, tells_hit=False, keep_alive=True):
        self.upstream_port, self.seconds = upstream_port, seconds
        self.tells_age, self.tells_hit = tells_age, tells_hit
        self.kept = {}
        super().__init__(keep_alive)

    def answer(self, path):
        with self.lock:
            at, page = self.kept.get(path, (None, None))
            hit = at is not None and time.monotonic() - at < self.seconds
            if not hit:
                at, page = self.kept[path] = (time.monotonic(), fetch(self.upstream_port, path))
        status, headers, body = page
        more = [("Age", str(int(time.monotonic() - at)))] if self.tells_age else []
        more += [("X-Cache", "HIT" if hit else "MISS")] if self.tells_hit else []
        return status, headers + more, body


class CacheRenewedOnce(CachingProxy):
    """Renews its page for one request, and keeps the new one."""

    def __init__(self, upstream_port, request):
        self.request, self.asked = request, 0
        super().__init__(upstream_port, 3600)

    def answer(self, path):
        self.asked += 1
        if self.asked == self.request:
            self.kept.clear()
        return super().answer(path)


class HttpBalancer(_Front):
    """Each request goes to the next server."""

    def __init__(self, ports, keep_alive=True):
        self.next_port = itertools.cycle(ports)
        super().__init__(keep_alive)

    def answer(self, path):
        with self.lock:
            port = next(self.next_port)
        return fetch(port, path)


class TcpBalancer:
    """Each connection goes to the next server."""

    def __init__(self, ports):
        next_port = itertools.cycle(ports)
        lock = threading.Lock()

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with lock:
                    port = next(next_port)
                with socket.create_connection(("127.0.0.1", port)) as upstream:
                    back = threading.Thread(target=_pump, args=(upstream, self.request), daemon=True)
                    back.start()
                    _pump(self.request, upstream)
                    back.join()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def _pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def balancer(kind, ports):
    return {"request": lambda: HttpBalancer(ports), "request-without-keep-alive": lambda: HttpBalancer(ports, False),
            "connection": lambda: TcpBalancer(ports)}[kind]()


class Scripted(_Front):
    """`answer(path, count)` gives status, headers and body of the count-th request."""

    def __init__(self, script, keep_alive=True):
        self.script, self.count = script, itertools.count()
        super().__init__(keep_alive)

    def answer(self, path):
        return self.script(path, next(self.count))
