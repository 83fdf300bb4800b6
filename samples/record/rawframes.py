"""Frames written octet by octet, for peers that have to break the rules no library breaks."""

import os


def build(*, opcode, payload=b"", fin=True, rsv1=False, rsv2=False, rsv3=False, masking_key=None,
          length_octets=None):
    """`length_octets`: 0, 2 or 8 octets of extended length; by default the shortest form."""
    size = len(payload)
    if length_octets is None:
        length_octets = 0 if size < 126 else 2 if size < 65536 else 8
    head = bytearray([fin << 7 | rsv1 << 6 | rsv2 << 5 | rsv3 << 4 | opcode])
    head.append((masking_key is not None) << 7 | {0: size, 2: 126, 8: 127}[length_octets])
    head += size.to_bytes(length_octets, "big") if length_octets else b""
    if masking_key is None:
        return bytes(head) + payload
    masked = bytes(b ^ masking_key[i % 4] for i, b in enumerate(payload))
    return bytes(head) + masking_key + masked


def send(sock, log, client_port, **frame):
    """Logs one frame and writes it with a single write. `defect` is for the log."""
    spoken = {k: frame.pop(k) for k in ("defect",) if k in frame}
    if frame.get("length_octets") is not None:
        spoken["length_octets"] = frame["length_octets"]
    logged = {k: v for k, v in frame.items() if k != "length_octets"}
    logged.setdefault("fin", True)
    logged.setdefault("payload", b"")
    log.frame("sent", client_port, **logged, **spoken)
    sock.sendall(build(**frame))


def key():
    return os.urandom(4)


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def read_head(sock):
    """An HTTP head, octet by octet: what follows it belongs to somebody else."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += read_exactly(sock, 1)
    return data


def read_frame(sock):
    """One frame, whatever is wrong with it: (opcode, unmasked payload)."""
    first, second = read_exactly(sock, 2)
    size = second & 127
    if size > 125:
        size = int.from_bytes(read_exactly(sock, 2 if size == 126 else 8), "big")
    masking_key = read_exactly(sock, 4) if second & 128 else bytes(4)
    payload = read_exactly(sock, size)
    return first & 15, bytes(b ^ masking_key[i % 4] for i, b in enumerate(payload))
