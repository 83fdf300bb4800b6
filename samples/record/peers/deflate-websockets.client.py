"""permessage-deflate by Python `websockets`, whose fragmented messages always end with an empty fragment.

Two connections: as the library offers it by default, and with a window of 9 bits for itself and no
context kept on either side.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from peerlog import PeerLog, logged_connection, python_websockets
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

log = PeerLog("client", python_websockets())

OFFERS = {
    "/default": {"compression": "deflate"},
    "/small": {
        "compression": None,
        "extensions": [
            ClientPerMessageDeflateFactory(
                server_no_context_takeover=True, client_no_context_takeover=True, client_max_window_bits=9,
            )
        ],
    },
}
MESSAGES_OF_THE_SERVER = 6


async def one(path, offer):
    async with connect(f"ws://127.0.0.1:9013{path}", ping_interval=None, proxy=None,
                       create_connection=logged_connection(log), **offer) as ws:
        ws.log_open()

        async def pieces(parts):
            for part in parts:
                if isinstance(part, tuple):
                    await ws.ping(part[0])
                else:
                    yield part
                await asyncio.sleep(0.017)

        async def fragmented(text, *parts):
            data = b"".join(part for part in parts if isinstance(part, bytes))
            log.message(ws.client_port, "client", data.decode() if text else data)
            await ws.send(pieces(parts), text=text)

        async def say(data):
            log.message(ws.client_port, "client", data)
            await ws.send(data)
            await asyncio.sleep(0.017)

        async def speak():
            verse = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。🏯".encode()
            await fragmented(True, verse[:7], verse[7:32], ("tower",), verse[32:])
            await fragmented(True, b"", verse)
            await fragmented(False, bytes(range(64)) * 3, (b"\xff\x00",), bytes(range(64)))
            await say(verse.decode())
            await say("")
            await say(bytes(range(64)) * 12)
            await say(verse.decode())

        async def listen():
            for _ in range(MESSAGES_OF_THE_SERVER):
                await ws.recv()

        await asyncio.gather(speak(), listen())
        await asyncio.sleep(0.05)
        log.closing(ws.client_port)
        await ws.close(1000, "下次再见")


async def main():
    for path, offer in OFFERS.items():
        await one(path, offer)


asyncio.run(main())
