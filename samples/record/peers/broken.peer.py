"""broken.peer.py client|server: plays one side of broken_script.py with raw sockets, in lockstep."""

import base64
import hashlib
import os
import re
import socket
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent)]
from broken_script import CASES
from peerlog import PYTHON, PeerLog, ready
from rawframes import key, read_frame, read_head, send

me = sys.argv[1]
log = PeerLog(me, f"raw sockets / {PYTHON}")
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def play(sock, port, path):
    log.opened(port, 9011, path)
    for sender, frame in CASES[path]:
        if sender == me:
            time.sleep(0.02)
            frame = dict(frame)
            if me == "client" and "masking_key" not in frame:
                frame["masking_key"] = key()
            if frame["opcode"] == 8 and not any(s != me and f["opcode"] == 8 for s, f in played):
                log.closing(port)
            send(sock, log, port, **frame)
        else:
            opcode, payload = read_frame(sock)
            assert (opcode, payload) == (frame["opcode"], frame["payload"]), (path, opcode, payload)
        played.append((sender, frame))


if me == "server":
    listener = socket.create_server(("127.0.0.1", 9011))
    ready("server")
for path in CASES:
    played = []
    if me == "server":
        sock, (_, port, *_) = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        nonce = re.search(rb"Sec-WebSocket-Key: (\S+)", read_head(sock)).group(1)
        accept = base64.b64encode(hashlib.sha1(nonce + GUID).digest()).decode()
        sock.sendall(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())
        play(sock, port, path)
        sock.shutdown(socket.SHUT_WR)
        assert not sock.recv(1)
        sock.close()
    else:
        sock = socket.create_connection(("127.0.0.1", 9011))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        nonce = base64.b64encode(os.urandom(16)).decode()
        sock.sendall((f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:9011\r\nUpgrade: websocket\r\n"
                      f"Connection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\n"
                      "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        read_head(sock)
        play(sock, sock.getsockname()[1], path)
        assert not sock.recv(1)
        sock.close()
        time.sleep(0.03)
