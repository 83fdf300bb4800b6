"""merge.py LOGDIR OUT.json: puts the logs of all peers of one recording into one peers.json.

Frames sent by a peer come from that peer. Only a browser, which cannot log frames, is spoken for
by the other side: then the frames the server received are taken. Where both sides logged, they
are compared here, so a hole in the logging shows before any capture is looked at.
"""

import json
import sys
from pathlib import Path

SIDES = ("client", "server")


def row(value):
    return json.dumps(value, ensure_ascii=False)


def complete(frame, sender):
    """One order of keys and every flag present, whichever peer wrote the line."""
    out = {"sender": sender}
    for name in ("fin", "rsv1", "rsv2", "rsv3"):
        out[name] = frame.get(name, False)
    out["opcode"] = frame["opcode"]
    out["masked"] = frame["masked"]
    for name in ("masking_key", "payload_length", "sha256", "length_octets", "defect"):
        if name in frame:
            out[name] = frame[name]
    return out


def same(sent, received):
    """Compares what both peers know: the masking key may be known to one of them only."""
    ignore = {"sender", "defect", "length_octets"}
    ignore |= set() if "masking_key" in sent and "masking_key" in received else {"masking_key"}
    strip = lambda frame: {k: v for k, v in frame.items() if k not in ignore}
    return strip(sent) == strip(received)


def main(log_dir, out):
    lines = []
    for path in sorted(Path(log_dir).glob("*.jsonl")):
        lines += [json.loads(text) for text in path.read_text("utf-8").splitlines()]
    lines.sort(key=lambda line: line["t"])

    software = {side: [] for side in SIDES}
    aliases = {}  # a proxy's own port towards the server -> the port of its client
    for line in lines:
        if line["event"] == "peer" and line["software"] not in software.setdefault(line["at"], []):
            software[line["at"]].append(line["software"])
        if line["event"] == "alias":
            aliases[line["upstream_port"]] = line["client_port"]

    connections = {}
    for line in lines:
        if "client_port" not in line or line["event"] == "alias":
            continue
        port = aliases.get(line["client_port"], line["client_port"])
        found = connections.setdefault(port, {"requests": [], "open": None, "server_port": None, "sent": {}, "received": {},
                                              "messages": {}, "started_by": None, "tcp": "fin", "last": {}})
        event, at = line["event"], line["at"]
        if event == "http":
            found["requests"].append(line["request"])
            found["server_port"] = line.get("server_port", found["server_port"])
        elif event == "open":
            # The client's view first: behind a proxy the server sees another port.
            if found["open"] is None or at == "client":
                found["open"] = line
                found["server_port"] = line["server_port"]
            found["requests"] = [r for r in found["requests"] if r["status"] != 101]
            found["requests"].append({"method": "GET", "path": line["path"], "status": 101})
        elif event == "sent":
            found["sent"].setdefault(at, []).append(complete(line["frame"], at))
            if "close" in line["frame"]:
                found["last"][at] = line["frame"]["close"]
        elif event == "received":
            sender = "server" if at == "client" else "client"
            found["received"].setdefault(sender, []).append(complete(line["frame"], sender))
            if "close" in line["frame"]:
                found["last"].setdefault(sender, line["frame"]["close"])
        elif event == "message":
            found["messages"].setdefault(line["sender"], []).append(line["message"])
        elif event == "closing":
            found["started_by"] = found["started_by"] or at
        elif event == "tcp":
            found["tcp"] = line["end"]

    problems = []
    text = '{"peers": ' + row({k: " + ".join(v) for k, v in software.items()}) + ',\n"connections": [\n'
    blocks = []
    for port, found in connections.items():
        opened = found["open"] or {}
        last_request = found["requests"][-1] if found["requests"] else {}
        fields = [
            f'"client_port": {port}',
            f'"server_port": {row(found["server_port"])}',
            f'"path": {row(last_request.get("path"))}',
            f'"status": {row(last_request.get("status"))}',
            f'"subprotocol": {row(opened.get("subprotocol"))}',
            f'"extensions": {row(opened.get("extensions"))}',
            f'"requests": {row(found["requests"])}',
        ]
        for side in SIDES:
            sent, received = found["sent"].get(side), found["received"].get(side)
            for i, (a, b) in enumerate(zip(sent or [], received or [])):
                if not same(a, b):
                    problems.append(f"port {port}: {side} frame {i}: sent {a}, received {b}")
            if sent is not None and len(received or []) > len(sent):
                problems.append(f"port {port}: {side} sent {len(sent)}, the other got {len(received)}")
            frames = sent if sent is not None else received or []
            fields.append(f'"frames_{side}": [' + ",".join("\n  " + row(f) for f in frames) + "]")
        for side in SIDES:
            if found["messages"].get(side):
                rows = ",".join("\n  " + row(m) for m in found["messages"][side])
                fields.append(f'"messages_{side}": [{rows}]')
        close = None
        if opened:
            close = {"started_by": found["started_by"], "client_sent": found["last"].get("client"),
                     "server_sent": found["last"].get("server"), "tcp": found["tcp"]}
        fields.append(f'"close": {row(close)}')
        blocks.append("{" + ",\n ".join(fields) + "}")
    text += ",\n".join(blocks) + "\n]}\n"
    json.loads(text)
    Path(out).write_text(text, "utf-8")
    for problem in problems:
        print("merge:", problem, file=sys.stderr)
    return 1 if problems or not connections else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
