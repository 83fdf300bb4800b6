"""Fragmented messages from Python `websockets`, which always ends them with an empty fragment."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from peerlog import PeerLog, logged_connection, python_websockets
from websockets.asyncio.client import connect

log = PeerLog("client", python_websockets())


async def main():
    async with connect("ws://127.0.0.1:9003/fragments", compression=None, ping_interval=None,
                       proxy=None, create_connection=logged_connection(log)) as ws:
        ws.log_open()

        async def pieces(parts):
            for part in parts:
                if isinstance(part, tuple):
                    await ws.ping(part[0])
                else:
                    yield part
                await asyncio.sleep(0.023)

        async def fragmented(text, *parts):
            data = b"".join(part for part in parts if isinstance(part, bytes))
            log.message(ws.client_port, "client", data.decode() if text else data)
            await ws.send(pieces(parts), text=text)

        async def speak():
            poem = "春眠不覚暁🌸".encode()
            # Two octets a fragment: almost every cut falls inside a character.
            await fragmented(True, *(poem[i:i + 2] for i in range(0, len(poem), 2)))
            await fragmented(True, b"before the ping, ", ("between",), b"after the ping")
            await fragmented(True, b"", b"the first fragment was empty")
            await fragmented(False, bytes(range(256)), ("",), bytes(130), b"\xff")
            log.message(ws.client_port, "client", "not fragmented at all")
            await ws.send("not fragmented at all")

        async def listen():
            for _ in range(6):
                await ws.recv()

        await asyncio.gather(speak(), listen())
        await asyncio.sleep(0.05)
        log.closing(ws.client_port)
        await ws.close(1000, "all fragments sent")


asyncio.run(main())
