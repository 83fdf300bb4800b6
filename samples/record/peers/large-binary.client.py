"""Uploads and downloads around the limits of the three length forms."""

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from peerlog import PeerLog, logged_connection, python_websockets, sha256
from websockets.asyncio.client import connect

log = PeerLog("client", python_websockets())


def counters(size):
    """32-bit big-endian counters: every place in the payload can be recognised."""
    return b"".join(i.to_bytes(4, "big") for i in range(0, size, 4))[:size]


async def main():
    async with connect("ws://127.0.0.1:9004/files", compression=None, ping_interval=None, max_size=None,
                       proxy=None, create_connection=logged_connection(log)) as ws:
        ws.log_open()

        async def say(data):
            log.message(ws.client_port, "client", data)
            await ws.send(data)

        for size in (125, 126, 65536):
            data = counters(size)
            await say(data)
            answer = json.loads(await ws.recv())
            assert answer == {"received": size, "sha256": sha256(data)}, answer
            await asyncio.sleep(0.03)
        for size in (125, 126, 65535, 200_000):
            await say(json.dumps({"get": size}))
            assert await ws.recv() == counters(size)
            await asyncio.sleep(0.03)
        log.closing(ws.client_port)
        await ws.close(1000, "transfer complete")


asyncio.run(main())
