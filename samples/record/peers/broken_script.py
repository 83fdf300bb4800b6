"""What is wrong on each connection of the sample `broken`, for both its peers.

A step is (sender, frame). A frame with `defect` breaks RFC 6455; the others are there to show that
everything after it can still be read. Client frames get a random masking key unless they say so.
"""

C, S = "client", "server"


def text(sender, words, **more):
    return sender, dict(opcode=1, payload=words.encode(), **more)


HELLO = [text(C, "hello"), text(S, "hello to you")]
BYE = [(C, dict(opcode=8, payload=b"\x03\xe8")), (S, dict(opcode=8, payload=b"\x03\xe8"))]

CASES = {
    "/unmasked-client-frame": [*HELLO,
        text(C, "a client must mask", masking_key=None, defect="client frame without mask"),
        text(S, "go on"), *BYE],
    "/masked-server-frame": [*HELLO,
        text(S, "a server must not mask", masking_key=bytes.fromhex("a1b2c3d4"), defect="server frame with mask"),
        text(C, "go on"), *BYE],
    "/reserved-opcodes": [*HELLO,
        (C, dict(opcode=3, payload=b"opcode 3 is reserved", defect="reserved data opcode 3")),
        (S, dict(opcode=11, payload=b"opcode 11 is reserved", defect="reserved control opcode 11")),
        text(C, "go on"), *BYE],
    "/rsv2": [*HELLO,
        text(C, "RSV2 belongs to no extension", rsv2=True, defect="RSV2 set without extension"),
        text(S, "go on"), *BYE],
    "/non-minimal-length": [*HELLO,
        text(C, "short", length_octets=2, defect="length 5 in the 16-bit form"),
        (S, dict(opcode=2, payload=bytes(range(200)), length_octets=8, defect="length 200 in the 64-bit form")),
        text(C, "go on"), *BYE],
    "/fragmented-ping": [*HELLO,
        (S, dict(opcode=9, payload=b"to be continued", fin=False, defect="control frame with FIN=0")),
        (C, dict(opcode=10, payload=b"to be continued")), *BYE],
    "/long-ping": [*HELLO,
        (C, dict(opcode=9, payload=b"p" * 126, defect="control frame of 126 octets")),
        (S, dict(opcode=10, payload=b"p" * 125)), *BYE],
    "/continuation-without-start": [*HELLO,
        (S, dict(opcode=0, payload=b"of what?", defect="continuation without a started message")),
        text(C, "go on"), *BYE],
    "/new-message-while-fragmented": [*HELLO,
        text(C, "the first part, ", fin=False),
        text(C, "a message in between", defect="new data frame while a fragmented message is open"),
        (C, dict(opcode=0, payload=b"the last part")),
        text(S, "go on"), *BYE],
    "/invalid-utf8": [*HELLO,
        (S, dict(opcode=1, payload=b"overlong \xc0\xaf, surrogate \xed\xa0\x80, cut \xe6\x97",
                 defect="text that is not UTF-8")),
        text(C, "go on"), *BYE],
    "/close-body-1-octet": [*HELLO,
        (C, dict(opcode=8, payload=b"\x03", defect="close body of 1 octet")),
        (S, dict(opcode=8, payload=b"\x03\xea"))],
    "/close-code-1005": [*HELLO,
        (S, dict(opcode=8, payload=b"\x03\xednot for the wire", defect="close code 1005")),
        (C, dict(opcode=8, payload=b"\x03\xea"))],
    "/masking-key-zero": [*HELLO,
        text(C, "masked with nothing", masking_key=bytes(4), defect="masking key 00000000"),
        text(S, "go on"), *BYE],
}
