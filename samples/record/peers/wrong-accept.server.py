"""A home-made server whose Sec-WebSocket-Accept leaves out the GUID: a real beginner's mistake."""

import base64
import hashlib
import re
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from peerlog import PYTHON, PeerLog, ready
from rawframes import read_frame, read_head, send

log = PeerLog("server", f"raw sockets / {PYTHON}")
listener = socket.create_server(("127.0.0.1", 9008))
ready("server")
sock, (_, port, *_) = listener.accept()
sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
key = re.search(rb"(?i)sec-websocket-key: *(\S+)", read_head(sock)).group(1)
wrong = base64.b64encode(hashlib.sha1(key).digest()).decode()
sock.sendall((
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Accept: {wrong}\r\n\r\n"
).encode())
time.sleep(0.03)
send(sock, log, port, opcode=1, payload="which key was that?".encode())
while True:
    opcode, payload = read_frame(sock)
    time.sleep(0.03)
    if opcode == 8:
        send(sock, log, port, opcode=8, payload=payload)
        break
    if opcode == 9:
        send(sock, log, port, opcode=10, payload=payload)
    elif opcode in (1, 2):
        send(sock, log, port, opcode=opcode, payload=payload[::-1] if opcode == 2 else payload.upper())
sock.shutdown(socket.SHUT_WR)
while sock.recv(100):
    pass
sock.close()
