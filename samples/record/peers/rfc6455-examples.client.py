"""The client of RFC 6455, sections 1.3 and 5.7: the sans-I/O core of Python `websockets`.

The RFC fixes what a client has to draw at random: the nonce of the handshake and the masking key
37 fa 21 3d. Both are set here; everything else is the library's doing.
"""

import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent.parent))
from peerlog import PeerLog, python_websockets
from rawframes import read_head
import websockets.frames
from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

websockets.frames.secrets = SimpleNamespace(token_bytes=lambda n: bytes.fromhex("37fa213d"))

log = PeerLog("client", python_websockets())
sock = socket.create_connection(("127.0.0.1", 9001))
sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
port = sock.getsockname()[1]
protocol = ClientProtocol(parse_uri("ws://server.example.com/chat"), origin="http://example.com",
                          subprotocols=["chat", "superchat"])
protocol.key = "dGhlIHNhbXBsZSBub25jZQ=="
log.watch(protocol, port)


def flush():
    for data in protocol.data_to_send():
        if data:
            sock.sendall(data)
        else:
            sock.shutdown(socket.SHUT_WR)


protocol.send_request(protocol.connect())
flush()
protocol.receive_data(read_head(sock))
protocol.events_received()
assert protocol.state is State.OPEN, protocol.handshake_exc
log.opened(port, 9001, "/chat", protocol.subprotocol)
answered = False
while True:
    data = sock.recv(65536)
    if not data:
        protocol.receive_eof()
        break
    protocol.receive_data(data)
    for frame in protocol.events_received():
        if frame.opcode is Opcode.TEXT and not answered:
            answered = True
            time.sleep(0.04)
            protocol.send_text(b"Hello")
    flush()
flush()
sock.close()
