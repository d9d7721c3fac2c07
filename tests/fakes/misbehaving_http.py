"""An HTTP server that misbehaves on purpose, one situation at a time: `with misbehaving("endless_body") as server: … server.address`."""

from .scripted_server import ScriptedServer

PAGE = (b"127.0.0.1\nServerVersion: Apache/2.4.71\nRestartTime: Sunday\nTotal Accesses: 500\nTotal kBytes: 5\n"
        b"Uptime: 90\nScoreboard: W___....\n")


def answer(body, status=b"200 OK", more=b"", length=None):
    return (b"HTTP/1.1 " + status + b"\r\nContent-Type: text/plain\r\n" + more + b"Content-Length: "
            + str(len(body) if length is None else length).encode() + b"\r\n\r\n" + body)


def sends(data, then="wait"):
    def script(line):
        line.receive_until(b"\r\n\r\n")
        line.send(data)
        {"wait": line.wait_for_ever, "close": lambda: None, "reset": line.reset}[then]()
    return script


def silent(line):
    line.wait_for_ever()


def closes(line):
    line.receive_until(b"\r\n\r\n")


def resets(line):
    line.receive_until(b"\r\n\r\n")
    line.reset()


def trickles_the_header(line):
    line.receive_until(b"\r\n\r\n")
    line.trickle(answer(PAGE))


def trickles_the_body(line):
    line.receive_until(b"\r\n\r\n")
    line.send(answer(b"", length=len(PAGE)))
    line.trickle(PAGE)


def endless_body(line):
    line.receive_until(b"\r\n\r\n")
    line.send(b"HTTP/1.1 200 OK\r\n\r\n")
    line.endlessly(b"Total Accesses: 5\n" * 1000)


def endless_chunks(line):
    line.receive_until(b"\r\n\r\n")
    line.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    line.endlessly(b"a\r\n0123456789\r\n" * 1000)


def endless_header(line):
    line.receive_until(b"\r\n\r\n")
    line.send(b"HTTP/1.1 200 OK\r\n")
    line.endlessly(b"X-Filler: 0123456789\r\n" * 1000)


def endless_header_line(line):
    line.receive_until(b"\r\n\r\n")
    line.send(b"HTTP/1.1 200 OK\r\nX-Filler: ")
    line.endlessly(b"x" * 65536)


def endless_interim_answers(line):
    line.receive_until(b"\r\n\r\n")
    line.endlessly(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def redirects_to_itself(line):
    while True:
        line.receive_until(b"\r\n\r\n")
        line.send(answer(b"", b"302 Found", b"Location: /server-status?auto\r\n"))


def counts_backwards(line):
    count = 10_000
    while True:
        line.receive_until(b"\r\n\r\n")
        count -= 100
        line.send(answer(PAGE.replace(b"500", str(count).encode())))


SITUATIONS = {
    "refuses": None,
    "silent": silent,
    "closes": closes,
    "resets": resets,
    "trickles_the_header": trickles_the_header,
    "trickles_the_body": trickles_the_body,
    "endless_body": endless_body,
    "endless_chunks": endless_chunks,
    "endless_header": endless_header,
    "endless_header_line": endless_header_line,
    "endless_interim_answers": endless_interim_answers,
    "cut_by_length": sends(answer(PAGE[:60], length=len(PAGE)), "close"),
    "cut_without_length": sends(b"HTTP/1.0 200 OK\r\n\r\n" + PAGE[:-6], "close"),
    "cut_chunk": sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nTotal", "close"),
    "reset_in_the_body": sends(answer(PAGE[:30], length=len(PAGE)), "reset"),
    "empty_body": sends(answer(b"")),
    "html": sends(answer(b"<!DOCTYPE html><title>Log in</title>\n")),
    "not_http": sends(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "close"),
    "http_09": sends(PAGE, "close"),
    "garbage": sends(bytes(range(256)) * 64, "close"),
    "bad_status_line": sends(b"HTTP/1.1 abc\r\n\r\n", "close"),
    "negative_length": sends(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "close"),
    "huge_length": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + PAGE, "close"),
    "bad_chunk_size": sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "close"),
    "gzip_not_asked_for": sends(answer(b"\x1f\x8b\x08\0garbage", more=b"Content-Encoding: gzip\r\n")),
    "status_404": sends(answer(b"no", b"404 Not Found")),
    "status_403": sends(answer(b"no", b"403 Forbidden")),
    "status_401": sends(answer(b"no", b"401 Unauthorized", b"WWW-Authenticate: Basic realm=x\r\n")),
    "status_500": sends(answer(b"no", b"500 Internal Server Error")),
    "status_503": sends(answer(b"no", b"503 Service Unavailable")),
    "status_999": sends(answer(b"no", b"999 What")),
    "redirect_to_a_login_page": sends(answer(b"", b"302 Found", b"Location: http://127.0.0.1:1/login?token=geheim\r\n")),
    "redirect_to_a_file": sends(answer(b"", b"302 Found", b"Location: file:///etc/passwd\r\n")),
    "redirects_to_itself": redirects_to_itself,
    "rude_location": sends(answer(b"", b"302 Found", b"Location: /\x1b[2J|x=1\xff\r\n")),
    "rude_version": sends(answer(b"ServerVersion: \x1b[2J|x=1;\xff\xfe\nTotal Accesses: 5\nUptime: 5\nScoreboard: W_\n")),
    "rude_scoreboard": sends(answer(b"Total Accesses: 5\nUptime: 5\nScoreboard: W\x1b[2J|\xff\n")),
    "numbers_too_large": sends(answer(b"Total Accesses: 99999999999999999999\nUptime: 1e999\nScoreboard: W_\n")),
    "counts_backwards": counts_backwards,
}



def misbehaving(situation):
    return ScriptedServer(SITUATIONS[situation])
