"""A web server that wants a user and password, on any address and with or without TLS.

    with ChallengingServer(['Basic realm="r"'], page, host="127.0.0.1", certificate=tls.other_ca) as server:
        ... server.port ...
    server.authorizations
"""

import http.server
import ssl
import threading


class ChallengingServer:
    def __init__(self, schemes, page, host="127.0.0.1", certificate=None):
        self.authorizations = []
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                given = self.headers.get("Authorization")
                if given:
                    front.authorizations.append(given)
                self.send_response(200 if given else 401)
                for scheme in [] if given else schemes:
                    self.send_header("WWW-Authenticate", scheme)
                body = page if given else b"no"
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """A client that does not like the certificate has left."""

        self._server = Server((host, 0), Handler)
        self.port = self._server.server_address[1]
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.cert, certificate.key)
            # The handshake is the thread's of each connection.
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
