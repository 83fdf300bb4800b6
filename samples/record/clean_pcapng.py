"""clean_pcapng.py IN OUT: leaves out what dumpcap notes about the recording machine.

Processor, kernel and the counters of the interface say nothing about the sample, and would make
every re-recording differ by machine.
"""

import struct
import sys

from pcapio import blocks

# Block type -> (octets before the options, options to leave out)
DROP = {
    0x0A0D0D0A: (16, {2, 3}),  # section header: hardware, operating system
    1: (8, {12, 15}),  # interface description: operating system, hardware
}


def main(source, target):
    with open(source, "rb") as file:
        raw = file.read()
    out = bytearray()
    for kind, body, endian in blocks(raw):
        if kind == 5:  # interface statistics
            continue
        if kind in DROP:
            start, unwanted = DROP[kind]
            kept, at = bytearray(), start
            while at + 4 <= len(body):
                code, length = struct.unpack_from(endian + "HH", body, at)
                size = 4 + (length + 3) // 4 * 4
                if code not in unwanted:
                    kept += body[at:at + size]
                at += size
            body = body[:start] + bytes(kept)
            if kind == 0x0A0D0D0A:  # the length of the section is not known any more
                body = body[:8] + struct.pack(endian + "q", -1) + body[16:]
        length = len(body) + 12
        out += struct.pack(endian + "II", kind, length) + body + struct.pack(endian + "I", length)
    with open(target, "wb") as file:
        file.write(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
