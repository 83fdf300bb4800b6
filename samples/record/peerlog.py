"""What a Python peer knows about the frames it sent and received, as JSON lines.

The counterpart of peerlog.mjs: nothing here reads packets. For `websockets` the frame is taken
where the library hands it to its serializer; a peer made of raw sockets logs what it writes.
"""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

PYTHON = "Python %d.%d.%d" % sys.version_info[:3]


def python_websockets():
    import websockets

    return f"websockets {websockets.__version__} / {PYTHON}"


def ready(what):
    """Tells record.sh that the port is open."""
    (Path(os.environ["PEER_LOG_DIR"]) / f"{what}.ready").touch()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def close_fields(opcode, payload):
    if opcode != 8:
        return {}
    if len(payload) < 2:
        return {"close": {"code": None, "reason": ""}}
    reason = payload[2:].decode("utf-8", "replace")
    return {"close": {"code": int.from_bytes(payload[:2], "big"), "reason": reason}}


class PeerLog:
    """`role` is "client" or "server": the role in the WebSocket connection."""

    def __init__(self, role, software):
        self.role = role
        path = Path(os.environ["PEER_LOG_DIR"]) / f"{role}-{os.getpid()}.jsonl"
        self.file = path.open("a", encoding="utf-8", buffering=1)
        self.write(event="peer", software=software)

    def write(self, **entry):
        line = {"t": time.monotonic_ns(), "at": self.role, **entry}
        self.file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def http(self, client_port, method, path, status):
        """One ordinary request and its answer."""
        self.write(event="http", client_port=client_port,
                   request={"method": method, "path": path, "status": status})

    def opened(self, client_port, server_port, path, subprotocol=None, extensions=None):
        self.write(event="open", client_port=client_port, server_port=server_port, path=path,
                   status=101, subprotocol=subprotocol, extensions=extensions)

    def message(self, client_port, sender, data):
        """A message as the application gave it."""
        octets = data.encode() if isinstance(data, str) else bytes(data)
        message = {"type": "text" if isinstance(data, str) else "binary",
                   "length": len(octets), "sha256": sha256(octets)}
        if isinstance(data, str):
            message["text"] = data
        self.write(event="message", client_port=client_port, sender=sender, message=message)

    def closing(self, client_port):
        self.write(event="closing", client_port=client_port)

    def tcp(self, client_port, end):
        """How the TCP connection ends when it is not a closing handshake: "fin" or "rst"."""
        self.write(event="tcp", client_port=client_port, end=end)

    def frame(self, event, client_port, *, fin, opcode, payload, rsv1=False, rsv2=False, rsv3=False,
              masking_key=None, **extra):
        payload = bytes(payload)
        frame = {"fin": fin, "rsv1": rsv1, "rsv2": rsv2, "rsv3": rsv3, "opcode": int(opcode),
                 "masked": masking_key is not None}
        if masking_key is not None:
            frame["masking_key"] = masking_key.hex()
        frame |= {"payload_length": len(payload), "sha256": sha256(payload)}
        frame |= close_fields(opcode, payload) | extra
        self.write(event=event, client_port=client_port, frame=frame)

    def watch(self, protocol, client_port):
        """Logs every frame of one `websockets` protocol object from here on."""
        send_frame, recv_frame = protocol.send_frame, protocol.recv_frame
        tap = Tap()
        if protocol.side.name == "CLIENT":
            # The last extension encodes last and decodes first: what it sees is what TCP carries.
            process_extensions = protocol.process_extensions
            protocol.process_extensions = lambda headers: [*process_extensions(headers), tap]

        def logged(event, frame, key):
            self.frame(event, client_port, fin=frame.fin, rsv1=frame.rsv1, rsv2=frame.rsv2,
                       rsv3=frame.rsv3, opcode=frame.opcode, payload=frame.data, masking_key=key)

        def send(frame):
            send_frame(frame)
            frame = tap.pop("encoded", frame)
            key = None
            if protocol.side.name == "CLIENT":
                size = len(frame.data)
                offset = 10 if size > 65535 else 4 if size > 125 else 2
                key = protocol.writes[-1][offset:offset + 4]
            logged("sent", frame, key)

        def receive(frame):
            plain = frame
            frame = tap.pop("decoded", frame)
            # Only a client can do without the masking key, which the parser throws away.
            if protocol.side.name == "CLIENT":
                logged("received", frame, None)
            recv_frame(plain)

        protocol.send_frame, protocol.recv_frame = send, receive


class Tap(dict):
    """An extension that changes nothing: it keeps the frame as it is behind compression."""

    name = "tap"

    def encode(self, frame):
        self["encoded"] = frame
        return frame

    def decode(self, frame, *, max_size=None):
        self["decoded"] = frame
        return frame


def logged_connection(log):
    """A ClientConnection for `websockets.asyncio.client.connect(create_connection=…)`.

    Hooked in before the first octet is read: a server may send frames together with its 101.
    """
    from websockets.asyncio.client import ClientConnection

    class LoggedConnection(ClientConnection):
        def connection_made(self, transport):
            super().connection_made(transport)
            self.client_port = transport.get_extra_info("sockname")[1]
            self.server_port = transport.get_extra_info("peername")[1]
            log.watch(self.protocol, self.client_port)

        def log_open(self):
            log.opened(self.client_port, self.server_port, self.request.path, self.subprotocol,
                       self.response.headers.get("Sec-WebSocket-Extensions"))

    return LoggedConnection
