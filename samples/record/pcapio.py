"""Just enough pcap, pcapng, IP and TCP for the scripts in this folder. Standard library only."""

import struct
from collections import namedtuple

# `network` is the offset of the IP header in `data`, `transport` that of the TCP header.
Packet = namedtuple("Packet", "time data link network transport source destination seq ack flags payload")
Block = namedtuple("Block", "kind body endian")

FIN, SYN, RST, ACK = 1, 2, 4, 16
ETHERNET, LINUX_SLL, LINUX_SLL2 = 1, 113, 276


def blocks(raw):
    """The blocks of a pcapng file."""
    endian, at = "<", 0
    while at + 12 <= len(raw):
        kind = struct.unpack_from(endian + "I", raw, at)[0]
        if kind == 0x0A0D0D0A:
            endian = "<" if raw[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
        length = struct.unpack_from(endian + "I", raw, at + 4)[0]
        yield Block(kind, raw[at + 8:at + length - 4], endian)
        at += length


def options(body, at, endian):
    while at + 4 <= len(body):
        code, length = struct.unpack_from(endian + "HH", body, at)
        if code == 0:
            return
        yield code, body[at + 4:at + 4 + length]
        at += 4 + (length + 3) // 4 * 4


def read(path):
    """(nanoseconds, link type, octets) of every packet in the file."""
    with open(path, "rb") as file:
        raw = file.read()
    if raw[:4] == b"\x0a\x0d\x0d\x0a":
        interfaces = []
        for kind, body, endian in blocks(raw):
            if kind == 1:
                resolution = dict(options(body, 8, endian)).get(9, b"\x06")[0]
                assert resolution < 128, "only powers of ten here"
                interfaces.append((struct.unpack_from(endian + "H", body)[0], 10 ** (9 - resolution)))
            elif kind == 6:
                number, high, low, length = struct.unpack_from(endian + "IIII", body)
                link, unit = interfaces[number]
                yield (high << 32 | low) * unit, link, body[20:20 + length]
        return
    endian = "<" if raw[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    magic = struct.unpack_from(endian + "I", raw)[0]
    unit = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}[magic]
    link = struct.unpack_from(endian + "I", raw, 20)[0] & 0xFFFF
    at = 24
    while at + 16 <= len(raw):
        seconds, fraction, length, original = struct.unpack_from(endian + "IIII", raw, at)
        assert length == original, "a truncated packet"
        yield seconds * 10**9 + fraction * unit, link, raw[at + 16:at + 16 + length]
        at += 16 + length


def parse(time, link, data):
    """One TCP packet; everything else is a mistake in these recordings."""
    network = {ETHERNET: 14, LINUX_SLL: 16, LINUX_SLL2: 20}[link]
    if data[network] >> 4 == 4:
        transport = network + (data[network] & 15) * 4
        end = network + struct.unpack_from(">H", data, network + 2)[0]
        protocol, addresses = data[network + 9], (data[network + 12:network + 16], data[network + 16:network + 20])
    else:
        transport = network + 40
        end = transport + struct.unpack_from(">H", data, network + 4)[0]
        protocol, addresses = data[network + 6], (data[network + 8:network + 24], data[network + 24:network + 40])
    assert protocol == 6, f"IP protocol {protocol}"
    sport, dport, seq, ack, offset, flags = struct.unpack_from(">HHIIBB", data, transport)
    return Packet(time, data, link, network, transport, (addresses[0], sport), (addresses[1], dport), seq, ack,
                  flags, data[transport + (offset >> 4) * 4:end])


def packets(path):
    return [parse(*record) for record in read(path)]


def write(path, link, records):
    """A pcap file with nanoseconds."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, link))
        for time, data in records:
            file.write(struct.pack("<IIII", time // 10**9, time % 10**9, len(data), len(data)) + data)
