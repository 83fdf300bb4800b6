"""tcp_trouble.py SOURCE TARGET: the same conversation over a worse network.

Rewrites the recording SOURCE.pcapng (one connection) to TARGET.pcap so that TCP gets ugly while no
octet is lost or changed: the frames, and so TARGET.peers.json, are those of the original. What a
program that follows TCP has to survive here:

- a SYN sent twice, a segment duplicated at once, one again after later data, a FIN sent twice
- the sequence numbers of the client wrap around 2^32 in the middle of the conversation
- pieces in the wrong order, a piece that comes 30 ms after its followers (a retransmission)
- a frame header cut in two, a masking key cut in two, single octets
- a retransmission that begins with old octets and carries new ones, and one that ends inside the
  octets of a segment that came before it
- keep-alives, without octets and with one garbage octet, which must not be taken for data

All checksums are computed anew, so they are right here, unlike in a recording of the loopback.
"""

import struct
import sys
from pathlib import Path

import pcapio

MS = 1_000_000
US = 1_000


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Rewriter:
    def __init__(self, source):
        self.packets = list(pcapio.packets(source))
        assert {p.link for p in self.packets} == {pcapio.ETHERNET}
        self.client = self.packets[0].source
        # Just enough for the first half of what the client says to fit below 2^32.
        said = sum(len(p.payload) for p in self.packets if p.source == self.client)
        self.shift = (2**32 - said // 2 - self.packets[0].seq) % 2**32
        self.out = []
        self.delay = 0
        self.ip_id = {}

    def emit(self, p, *, first=0, last=None, after=0, seq=None, payload=None, flags=None):
        """One segment with the octets first…last of packet `p`, `after` nanoseconds after it."""
        seq = p.seq + first if seq is None else seq
        payload = p.payload[first:last] if payload is None else payload
        ack = p.ack
        if p.source == self.client:
            seq += self.shift
        elif p.flags & pcapio.ACK:
            ack += self.shift
        flags = p.flags if flags is None else flags
        head = bytearray(p.data[:p.transport + (p.data[p.transport + 12] >> 4) * 4])
        ip, tcp = p.network, p.transport
        # Every segment is a datagram of its own, a retransmission too.
        number = self.ip_id.setdefault(p.source, struct.unpack_from(">H", head, ip + 4)[0])
        self.ip_id[p.source] = number + 1
        struct.pack_into(">H", head, ip + 2, len(head) - ip + len(payload))
        struct.pack_into(">H", head, ip + 4, number % 65536)
        struct.pack_into(">H", head, ip + 10, 0)
        struct.pack_into(">H", head, ip + 10, checksum(bytes(head[ip:tcp])))
        struct.pack_into(">II", head, tcp + 4, seq % 2**32, ack % 2**32)
        head[tcp + 13] = flags
        struct.pack_into(">H", head, tcp + 16, 0)
        segment = bytes(head[tcp:]) + payload
        pseudo = bytes(head[ip + 12:ip + 20]) + struct.pack(">HH", 6, len(segment))
        struct.pack_into(">H", head, tcp + 16, checksum(pseudo + segment))
        self.out.append((p.time + self.delay + after, bytes(head) + payload))

    def pieces(self, p, *parts):
        """Several segments out of one packet: (first, last, after) each, in the order given."""
        for first, last, after in parts:
            assert 0 <= first < last <= len(p.payload), (first, last, len(p.payload))
            self.emit(p, first=first, last=last, after=after)
        self.delay += max(after for *_, after in parts)

    def keepalive(self, p, garbage=b""):
        """A keep-alive of the sender of `p`, half a second later, and the answer to it."""
        self.delay += 500 * MS
        answer = next(q for q in self.packets if q.source != p.source and q.ack == p.seq + len(p.payload))
        self.emit(p, seq=p.seq + len(p.payload) - 1, payload=garbage, flags=pcapio.ACK)
        back = answer._replace(time=p.time + 30 * US, payload=b"")
        self.emit(back, seq=answer.seq, flags=pcapio.ACK)
        self.delay += 100 * US

    def run(self):
        data = {self.client: 0, None: 0}
        late = []  # duplicates that come after later data of the same sender
        for p in self.packets:
            side = self.client if p.source == self.client else None
            if p.flags & pcapio.SYN and side:
                self.emit(p)
                self.delay += 1000 * MS
                self.emit(p)
            elif p.flags & pcapio.FIN:
                self.emit(p)
                self.emit(p, after=200 * US)
                self.delay += 200 * US
            elif not p.payload:
                self.emit(p)
            else:
                self.trouble("client" if side else "server", data[side], p)
                data[side] += 1
                if late and late[0].source == p.source:
                    self.delay += 150 * US
                    self.emit(late.pop()._replace(time=p.time))
                elif (bool(side), data[side]) in LATE:
                    late.append(p)
        assert not late
        return self.out

    def trouble(self, side, number, p):
        n = len(p.payload)
        action = PLAN.get((side, number))
        if action:
            action(self, p, n)
        else:
            self.emit(p)


# After how many segments with data the last one comes again, behind the next of the same sender.
LATE = {(True, 4), (False, 12)}

# What happens to the n-th segment with data of each side. Number 0 is the HTTP handshake. (The long
# message of the server, its segments 3 to 5, is told by its size: see reorder_long_message.)
PLAN = {
    # The request in three segments, the last of them a lone line end.
    ("client", 0): lambda r, p, n: r.pieces(p, (0, 100, 0), (100, n - 2, 90 * US), (n - 2, n, 180 * US)),
    # The answer: its middle overtakes its beginning.
    ("server", 0): lambda r, p, n: r.pieces(p, (40, 90, 0), (0, 40, 60 * US), (90, n, 120 * US)),
    # A frame header cut after its first octet, the masking key after its second.
    ("client", 1): lambda r, p, n: r.pieces(p, (0, 1, 0), (1, 4, 50 * US), (4, n, 100 * US)),
    # Backwards: the end of the frame first, its header last.
    ("server", 1): lambda r, p, n: r.pieces(p, (60, n, 0), (2, 60, 70 * US), (0, 2, 140 * US)),
    # Sent twice at once.
    ("client", 2): lambda r, p, n: r.pieces(p, (0, n, 0), (0, n, 200 * US)),
    # First a part, then all of it: a retransmission that carries new octets.
    ("server", 2): lambda r, p, n: r.pieces(p, (0, 17, 0), (0, n, 2 * MS)),
    ("client", 3): lambda r, p, n: r.pieces(p, (0, 9, 0), (5, n, 2 * MS)),
    ("client", 5): lambda r, p, n: (r.emit(p), r.keepalive(p)),
    ("client", 6): lambda r, p, n: r.pieces(p, (0, 10, 0), (10, 11, 40 * US), (11, 12, 80 * US), (12, n, 120 * US)),
    # The first piece was lost on its way and comes 30 ms later.
    ("client", 7): lambda r, p, n: r.pieces(p, (12, n, 0), (0, 12, 30 * MS)),
    # The end of a pong arrives, then a retransmission that reaches into it.
    ("client", 8): lambda r, p, n: r.pieces(p, (7, n, 0), (0, 9, 3 * MS)),
    ("server", 10): lambda r, p, n: r.pieces(p, (20, n, 0), (0, 25, 3 * MS)),
    # Overlapping steps, not in order.
    ("client", 10): lambda r, p, n: r.pieces(p, (0, 20, 0), (10, 40, 1 * MS), (0, 30, 2 * MS), (25, n, 3 * MS)),
    ("server", 12): lambda r, p, n: (r.emit(p), r.keepalive(p, b"\x00")),
    ("client", 14): lambda r, p, n: (r.emit(p), r.keepalive(p, b"\xff")),
    # A retransmission of the middle only, when all of it is there already.
    ("server", 15): lambda r, p, n: r.pieces(p, (0, n, 0), (3, 20, 250 * US)),
}


def reorder_long_message(packets):
    """The segments of the one long message, back to front: the recording sends them in one go."""
    start = next(i for i, p in enumerate(packets) if len(p.payload) > 1000)
    first = packets[start]
    # All that the sender says before it hears something new.
    ours = [i for i, p in enumerate(packets) if i >= start and p.payload
            and p.source == first.source and p.ack == first.ack]
    segments = [packets[i] for i in ours]
    between = [p for i, p in enumerate(packets[start:ours[-1]], start) if i not in ours]
    backwards = [p._replace(time=q.time) for p, q in zip(reversed(segments), segments)]
    # The acknowledgments come when everything is there.
    delayed = [p._replace(time=segments[-1].time + (i + 1) * 100) for i, p in enumerate(between)]
    packets[start:ours[-1] + 1] = backwards + delayed
    return len(segments)


def main(source, target):
    rewriter = Rewriter(source + ".pcapng")
    count = reorder_long_message(rewriter.packets)
    assert count >= 3, "the long message should take several segments"
    records = rewriter.run()
    # A capture is written in the order of its times.
    times = [time for time, _ in records]
    pcapio.write(target + ".pcap", pcapio.ETHERNET, sorted(records, key=lambda r: r[0]))
    assert len(set(times)) > len(times) // 2
    text = Path(source + ".peers.json").read_text("utf-8")
    Path(target + ".peers.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
