"""Refuses handshakes for several reasons, and accepts one that was asked again properly.

`websockets` closes the connection after every refusal, so the HTTP around its sans-I/O core is
done here: a 426 that keeps the connection open is what RFC 6455, section 4.4 is about.
"""

import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from peerlog import PeerLog, python_websockets, ready
from rawframes import read_head
from websockets.frames import Opcode
from websockets.server import ServerProtocol

log = PeerLog("server", python_websockets())


def answer(sock, status, headers, body, chunked=False):
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers)
    if chunked:
        pieces = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (body[:20], body[20:]) if p)
        sock.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n")
    else:
        sock.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def serve(sock, port):
    while True:
        try:
            head = read_head(sock)
        except (EOFError, ConnectionResetError):
            sock.close()
            return
        path = head.split(b" ")[1]
        plain = ("Content-Type", "text/plain; charset=utf-8")
        if path == b"/private" and b"\r\nAuthorization:" not in head:
            answer(sock, "401 Unauthorized", [("WWW-Authenticate", 'Basic realm="private feed"'), plain],
                   b"Who are you?\n")
        elif path == b"/admin":
            answer(sock, "403 Forbidden", [plain, ("Connection", "close")], b"Not from this origin.\n")
            sock.close()
            return
        elif path != b"/feed" and path != b"/private":
            answer(sock, "404 Not Found", [("Content-Type", "application/json")],
                   b'{"error":"no such endpoint","hint":"/feed"}', chunked=True)
        elif b"\r\nSec-WebSocket-Version: 13\r\n" not in head:
            answer(sock, "426 Upgrade Required", [("Upgrade", "websocket"), ("Connection", "Upgrade"),
                   ("Sec-WebSocket-Version", "13"), plain], b"Only version 13 is spoken here.\n")
        else:
            return websocket(sock, port, head)


def websocket(sock, port, head):
    protocol = ServerProtocol()
    log.watch(protocol, port)

    def flush():
        for data in protocol.data_to_send():
            sock.sendall(data) if data else sock.shutdown(socket.SHUT_WR)

    protocol.receive_data(head)
    (request,) = protocol.events_received()
    protocol.send_response(protocol.accept(request))
    flush()
    log.opened(port, 9007, request.path)
    protocol.send_text("welcome, version 13".encode())
    flush()
    while data := sock.recv(65536):
        protocol.receive_data(data)
        for frame in protocol.events_received():
            if frame.opcode is Opcode.TEXT:
                protocol.send_text(b"you said: " + frame.data)
        flush()
    protocol.receive_eof()
    flush()
    sock.close()


listener = socket.create_server(("127.0.0.1", 9007))
ready("server")
threads = []
for _ in range(4):
    sock, address = listener.accept()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threads.append(threading.Thread(target=serve, args=(sock, address[1])))
    threads[-1].start()
for thread in threads:
    thread.join()
