"""A MySQL server that wants the password, by every way to log in that there is.

    with PasswordThief(["mysql_native_password", "sha256_password"], folder) as thief:
        ... thief.port ...
        thief.stolen(password)

The first plugin stands in the greeting, each further one in a request to switch. In each it asks for as much as
the plugin gives: caching_sha2_password's full exchange, an RSA key of its own wherever one is asked for.
`stolen` says in which forms the password arrived: as it is, masked with a nonce, or encrypted for that key.
"""

import select
import socket
import ssl
import subprocess
import threading
import time

from .misbehaving_server import CAPABILITIES, SCRAMBLE, TLS, Wire, error, greeting, ok, result

PLUGINS = ("mysql_native_password", "caching_sha2_password", "sha256_password", "mysql_clear_password", "dialog",
           "client_ed25519", "mysql_old_password", "no_such_plugin", "password", "")
SHA2 = ("caching_sha2_password", "sha256_password")
SSL_REQUEST_LENGTH = 32


class PasswordThief:
    def __init__(self, plugins, folder, certificate=None, greets_with_tls=None, lets_in=False, answers=None,
                 path=None, at=None):
        """With `certificate` it speaks TLS; `greets_with_tls` says so without it. `path`: a Unix socket, or "@name"
        for an abstract one. `at` is called with each moment: "accepted", "greeted", "switching"."""
        self.plugins = plugins
        self.certificate = certificate
        self.says_tls = certificate is not None if greets_with_tls is None else greets_with_tls
        self.lets_in = lets_in
        self.answers = answers or (lambda wire: wire.packet(ok()))
        self.at = at or (lambda moment: None)
        self.packets = []
        self.plugins_met = []
        self.visits = 0
        self.key = folder / "thief-key.pem"
        if not self.key.exists():
            self._openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(self.key))
        self.public_key = self._openssl("pkey", "-in", str(self.key), "-pubout")
        if path:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind("\0" + path[1:] if str(path).startswith("@") else str(path))
            self._listener.listen()
        else:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.port = self._listener.getsockname()[1]
        self._connections = []
        self._conversations = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @staticmethod
    def _openssl(*words, data=None):
        return subprocess.run(["openssl", *words], input=data, capture_output=True, check=True).stdout

    # --- what it learned ---

    def stolen(self, password):
        secret = password.encode()
        masked = _masked(secret)
        forms = set()
        for packet in self.packets:
            for name, text in (("plain", packet), ("encrypted", self._decrypted(packet))):
                if secret in text:
                    forms.add(name)
                if masked in text:
                    forms.add(name + ", masked")
        return forms

    def _decrypted(self, packet):
        if len(packet) != 256:
            return b""
        for padding in ("oaep", "pkcs1"):
            done = subprocess.run(["openssl", "pkeyutl", "-decrypt", "-inkey", self.key, "-pkeyopt",
                                   f"rsa_padding_mode:{padding}"], input=packet, capture_output=True, check=False)
            if done.returncode == 0:
                return done.stdout
        return b""

    # --- the conversation ---

    def _serve(self, connection):
        wire = Wire(connection)
        capabilities = CAPABILITIES | (TLS if self.says_tls else 0)
        self.at("accepted")
        wire.packet(greeting(capabilities, version=b"9.7.0", plugin=self.plugins[0].encode()))
        self.at("greeted")
        login = self._read(wire)
        if len(login) == SSL_REQUEST_LENGTH and self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate.cert, self.certificate.key)
            wire.connection = context.wrap_socket(wire.connection, server_side=True)
            login = self._read(wire)
        first = self.plugins[0]
        # The client says whose answer stands in its packet; its own plugin, where it does not know ours.
        self._press(wire, first, login[SSL_REQUEST_LENGTH:])
        for plugin in self.plugins[1:]:
            self.at("switching")
            nonce = SCRAMBLE * 2 if plugin == "client_ed25519" else SCRAMBLE + b"\0"
            wire.packet(b"\xfe" + plugin.encode() + b"\0" + nonce[:32])
            self._press(wire, plugin, self._read(wire))
        if not self.lets_in:
            wire.packet(error(1045, b"Access denied"))
            return
        wire.packet(ok())
        while True:
            query = wire.read()[1:]
            if query.startswith(b"SET "):
                wire.packet(ok())
            elif b"lower_case_table_names" in query:
                result(wire, [b"Variable_name", b"Value"], [[b"lower_case_table_names", b"0"]])
            elif b"Ssl_version" in query:
                result(wire, [b"Variable_name", b"Value"], [[b"Ssl_version", b"TLSv1.3"]])
            else:
                self.answers(wire)

    def _press(self, wire, plugin, answer):
        """Has the client's first answer in `plugin`; asks for what more there is."""
        self.plugins_met.append(plugin)
        if plugin == "caching_sha2_password":
            wire.packet(b"\x01\x04")
            self._hand_out_key_for(wire, self._read(wire))
        elif plugin == "sha256_password":
            self._hand_out_key_for(wire, answer)
        elif plugin == "dialog":
            wire.packet(b"\x01\x04Password: ")
            self._read(wire)

    def _hand_out_key_for(self, wire, request):
        # In the first packet of all, the request stands behind the user's name.
        if len(request) == 1 or b"\0\x01\x01" in request:
            wire.packet(b"\x01" + self.public_key)
            self._read(wire)

    def _read(self, wire):
        packet = wire.read()
        self.packets.append(packet)
        return packet

    # --- the rest ---

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            self._connections.append(connection)
            thread = threading.Thread(target=self._guarded, args=(connection,), daemon=True)
            thread.start()
            self._conversations.append(thread)

    def await_goodbyes(self):
        """Once nobody connects any more: all that was sent has been read when this returns."""
        while select.select([self._listener], [], [], 0)[0]:
            time.sleep(0.001)
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(20)
        for thread in self._conversations:
            thread.join(20)

    def _guarded(self, connection):
        connection.settimeout(20)
        try:
            self._serve(connection)
        except (OSError, ConnectionError, IndexError):
            pass
        finally:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for endpoint in [self._listener, *self._connections]:
            try:
                endpoint.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            endpoint.close()


def _masked(secret):
    return bytes(byte ^ SCRAMBLE[i % len(SCRAMBLE)] for i, byte in enumerate(secret))
