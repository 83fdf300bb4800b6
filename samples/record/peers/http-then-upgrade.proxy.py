"""A CONNECT proxy, just enough of it. It knows one host; the way there is not captured."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from peerlog import PYTHON, PeerLog, ready

HOSTS = {"chat.example.com:80": ("127.0.0.1", 9209)}
log = PeerLog("proxy", f"CONNECT proxy / {PYTHON}")
finished = asyncio.Event()


async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def serve(reader, writer):
    port = writer.get_extra_info("peername")[1]
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    method, target, _ = head.split("\r\n")[0].split(" ")
    assert method == "CONNECT"
    upstream_reader, upstream_writer = await asyncio.open_connection(*HOSTS[target])
    upstream_port = upstream_writer.get_extra_info("sockname")[1]
    log.write(event="alias", upstream_port=upstream_port, client_port=port)
    log.http(port, method, target, 200)
    writer.write(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 sample-proxy\r\n\r\n")
    await asyncio.gather(pump(reader, upstream_writer), pump(upstream_reader, writer))
    writer.close()
    upstream_writer.close()
    finished.set()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 9109)
    ready("proxy")
    async with server:
        await finished.wait()
        await asyncio.sleep(0.1)


asyncio.run(main())
