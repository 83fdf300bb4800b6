"""Asks for version 25, is refused with 426, and asks again on the same connection."""

import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from peerlog import PeerLog, python_websockets
from rawframes import read_exactly, read_head
from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.uri import parse_uri

log = PeerLog("client", python_websockets())
uri = parse_uri("ws://127.0.0.1:9007/feed")
sock = socket.create_connection(("127.0.0.1", 9007))
sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
port = sock.getsockname()[1]

request = ClientProtocol(uri).connect()
del request.headers["Sec-WebSocket-Version"]
request.headers["Sec-WebSocket-Version"] = "25"
sock.sendall(request.serialize())
head = read_head(sock).decode()
length = int(head.split("Content-Length: ")[1].split("\r\n")[0])
read_exactly(sock, length)
log.http(port, "GET", "/feed", int(head.split(" ")[1]))
assert "\r\nSec-WebSocket-Version: 13\r\n" in head
time.sleep(0.05)

protocol = ClientProtocol(uri)
log.watch(protocol, port)


def flush():
    for data in protocol.data_to_send():
        sock.sendall(data) if data else sock.shutdown(socket.SHUT_WR)


def receive():
    data = sock.recv(65536)
    protocol.receive_data(data) if data else protocol.receive_eof()
    flush()
    return protocol.events_received()


protocol.send_request(protocol.connect())
flush()
while protocol.state is not State.OPEN:
    receive()
log.opened(port, 9007, "/feed")
time.sleep(0.04)
protocol.send_ping(b"?")
flush()
receive()
protocol.send_text("thank you for 426".encode())
flush()
receive()
time.sleep(0.04)
log.closing(port)
protocol.send_close(1000, "enough")
flush()
while protocol.state is not State.CLOSED:
    receive()
sock.close()
