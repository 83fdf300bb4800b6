"""verify.py [NAME…]: compares every sample with what its peers logged. Standard library only.

A naive walk of its own: packets, TCP streams by sequence number, HTTP up to the 101, frames. For
each connection it compares the requests and their statuses, every frame in both directions (all
flags, masking, length form, length, SHA-256 of the unmasked payload), and the messages that the
frames make up, inflated where permessage-deflate is in use. Nothing may be left over.
"""

import hashlib
import json
import sys
import zlib
from pathlib import Path

import pcapio

SAMPLES = Path(__file__).resolve().parent.parent


def streams(path):
    """{client port: {"client": octets, "server": octets, "rst": bool, "server_port": int}}"""
    found, ports = {}, {}
    for p in pcapio.packets(path):
        if p.flags & pcapio.SYN and not p.flags & pcapio.ACK:
            ports[p.source[1]] = p.destination[1]
        side = "client" if p.source[1] in ports else "server"
        port = p.source[1] if side == "client" else p.destination[1]
        one = found.setdefault(port, {"client": {}, "server": {}, "start": {}, "rst": False})
        one["server_port"] = ports[port]
        one["rst"] |= bool(p.flags & pcapio.RST)
        if p.flags & pcapio.SYN:
            one["start"][side] = p.seq + 1
        at = (p.seq - one["start"][side]) & 0xFFFFFFFF
        if p.payload and at < 1 << 31:  # a keep-alive before the first octet would be negative
            for i, octet in enumerate(p.payload):
                one[side].setdefault(at + i, octet)
    for port, one in found.items():
        for side in ("client", "server"):
            octets = one[side]
            assert not octets or max(octets) == len(octets) - 1, f"port {port}: {side} octets are missing"
            one[side] = bytes(octets[i] for i in range(len(octets)))
    return found


def head(data, at):
    end = data.index(b"\r\n\r\n", at) + 4
    first, *rest = data[at:end - 4].decode("latin-1").split("\r\n")
    return first, {k.strip().lower(): v.strip() for k, v in (line.split(":", 1) for line in rest)}, end


def body(data, at, headers):
    if "chunked" in headers.get("transfer-encoding", ""):
        while True:
            line = data.index(b"\r\n", at)
            size = int(data[at:line], 16)
            at = line + 2 + size + 2
            if size == 0:
                return at
    return at + int(headers.get("content-length", 0))


def http(client, server):
    """The requests with their statuses, and where the frames begin, if they do."""
    requests, c, s, extensions = [], 0, 0, None
    while c < len(client):
        line, headers, c = head(client, c)
        method, path, _ = line.split(" ")
        c = body(client, c, headers)
        line, headers, s = head(server, s)
        status = int(line.split(" ")[1])
        requests.append({"method": method, "path": path, "status": status})
        if status == 101:
            return requests, c, s, headers.get("sec-websocket-extensions")
        if method not in ("HEAD", "CONNECT") and status != 304:
            s = body(server, s, headers)
    assert s == len(server), "octets after the last answer"
    return requests, None, None, extensions


def frames(sender, data, at):
    found = []
    while at < len(data):
        first, second = data[at], data[at + 1]
        at += 2
        size, form = second & 127, 0
        if size > 125:
            form = 2 if size == 126 else 8
            size = int.from_bytes(data[at:at + form], "big")
            at += form
        frame = {"sender": sender, "fin": bool(first & 128), "rsv1": bool(first & 64), "rsv2": bool(first & 32),
                 "rsv3": bool(first & 16), "opcode": first & 15, "masked": bool(second & 128)}
        key = bytes(4)
        if second & 128:
            key = data[at:at + 4]
            at += 4
            frame["masking_key"] = key.hex()
        payload = data[at:at + size]
        assert len(payload) == size, f"{sender}: a frame is cut off"
        at += size
        mask = (key * (size // 4 + 1))[:size]
        payload = (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")
        shortest = 0 if size < 126 else 2 if size < 65536 else 8
        frame |= {"payload_length": size, "sha256": hashlib.sha256(payload).hexdigest()}
        if form != shortest:
            frame["length_octets"] = form
        found.append((frame, payload))
    return found


def messages(found, deflate):
    """Type, length and SHA-256 of every message, as the application got it."""
    inflate, out, open_message = zlib.decompressobj(-15), [], None
    for frame, payload in found:
        if frame["opcode"] > 2:
            continue
        if frame["opcode"]:
            open_message = ["text" if frame["opcode"] == 1 else "binary", frame["rsv1"], b""]
        open_message[2] += payload
        if frame["fin"]:
            kind, compressed, data = open_message
            if compressed:
                assert deflate, "RSV1 without permessage-deflate"
                data = inflate.decompress(data + b"\x00\x00\xff\xff")
            out.append({"type": kind, "length": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    return out


def without(entry, *names):
    return {k: v for k, v in entry.items() if k not in names}


def check(name):
    (path,) = SAMPLES.glob(f"{name}.pcap*")
    truth = json.loads((SAMPLES / f"{name}.peers.json").read_text("utf-8"))
    seen = streams(path)
    problems = []
    ports = [c["client_port"] for c in truth["connections"]]
    if sorted(ports) != sorted(seen):
        problems.append(f"connections {sorted(seen)} in the capture, {sorted(ports)} in the log")
    totals = {"connections": len(seen), "client": 0, "server": 0, "messages": 0}
    for wanted in truth["connections"]:
        port = wanted["client_port"]
        one = seen.get(port)
        if one is None:
            continue
        requests, c, s, extensions = http(one["client"], one["server"])
        if requests != wanted["requests"]:
            problems.append(f"{port}: requests {requests}, logged {wanted['requests']}")
        if requests[-1]["status"] != wanted["status"]:
            problems.append(f"{port}: status {requests[-1]['status']}")
        if wanted["server_port"] not in (None, one["server_port"]):
            problems.append(f"{port}: server port {one['server_port']}")
        if wanted["close"] and one["rst"] != (wanted["close"]["tcp"] == "rst"):
            problems.append(f"{port}: RST in the capture: {one['rst']}")
        for side, at in (("client", c), ("server", s)):
            found = frames(side, one[side], at) if at is not None else []
            logged = wanted[f"frames_{side}"]
            totals[side] += len(found)
            if len(found) != len(logged):
                problems.append(f"{port}: {len(found)} {side} frames, logged {len(logged)}")
            for i, ((frame, payload), expected) in enumerate(zip(found, logged)):
                # `defect` is a remark; the masking key is not known to every peer.
                ignore = {"defect"} | ({"masking_key"} - set(expected))
                if without(frame, *ignore) != without(expected, *ignore):
                    problems.append(f"{port}: {side} frame {i}: {frame}, logged {expected}")
            if f"messages_{side}" in wanted:
                heard = messages(found, "permessage-deflate" in (extensions or ""))
                said = [without(m, "text") for m in wanted[f"messages_{side}"]]
                totals["messages"] += len(said)
                if heard != said:
                    problems.append(f"{port}: {side} messages {heard}, logged {said}")
                for m in wanted[f"messages_{side}"]:
                    if "text" in m and hashlib.sha256(m["text"].encode()).hexdigest() != m["sha256"]:
                        problems.append(f"{port}: the text of a message does not fit its SHA-256")
    state = "FAILED" if problems else "ok"
    print(f"{name:18} {state:6} {totals['connections']:2} connections, frames {totals['client']:3} client "
          f"{totals['server']:3} server, {totals['messages']:2} messages, {path.stat().st_size:6} octets {path.suffix}")
    for problem in problems:
        print("   ", problem)
    return not problems


if __name__ == "__main__":
    names = sys.argv[1:] or sorted(p.name.removesuffix(".peers.json") for p in SAMPLES.glob("*.peers.json"))
    results = [check(name) for name in names]
    sys.exit(0 if results and all(results) else 1)
