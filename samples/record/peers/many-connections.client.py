"""Six connections to one server, interleaved."""

import asyncio
import socket
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from peerlog import PeerLog, logged_connection, python_websockets
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

log = PeerLog("client", python_websockets())
Connection = logged_connection(log)


async def client(path, subprotocol, say, end=None, wait_for=0):
    ws = await connect("ws://127.0.0.1:9005" + path, compression=None, ping_interval=None, proxy=None,
                       subprotocols=subprotocol and [subprotocol], create_connection=Connection)
    ws.log_open()
    heard = 0
    everything = asyncio.Event()

    async def listen():
        nonlocal heard
        try:
            async for _ in ws:
                heard += 1
                if heard >= wait_for:
                    everything.set()
        except ConnectionClosed:
            pass

    listener = asyncio.create_task(listen())
    for pause, data in say:
        await asyncio.sleep(pause / 1000)
        await ws.send(data)
    if end:
        # Nothing may be under way when TCP is cut: both logs have to hold what the wire holds.
        await everything.wait()
        await asyncio.sleep(0.07)
        await end(ws)
    await listener
    await ws.wait_closed()


async def close_normally(ws):
    log.closing(ws.client_port)
    await ws.close(1000, "bye for now")


async def fin_without_close(ws):
    log.tcp(ws.client_port, "fin")
    ws.transport.write_eof()


async def reset(ws):
    log.tcp(ws.client_port, "rst")
    sock = ws.transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ws.transport.abort()


async def main():
    starting = [
        client("/ticker", "ticker.v1", [(20, "subscribe ACME"), (50, "echo?"), (45, "unsubscribe")],
               close_normally, wait_for=5),
        client("/lobby?room=7", "chat", [(25, "hello everybody"), (40, "echo?"), (40, "大家好")]),
        client("/upload", "binary.v2", [(35, bytes(1000)), (30, bytes(range(256)) * 4), (30, bytes(1500))]),
        client("/telemetry", None, [(15, b"\x01\x02"), (35, "echo?"), (35, b"\x03\x04")]),
        client("/device/42", "device", [(22, '{"id":42}'), (44, "echo?")], fin_without_close, wait_for=2),
        client("/device/43", "device", [(28, '{"id":43}'), (48, "echo?")], reset, wait_for=2),
    ]
    tasks = []
    for coroutine in starting:
        tasks.append(asyncio.create_task(coroutine))
        await asyncio.sleep(0.008)
    await asyncio.gather(*tasks)


asyncio.run(main())
