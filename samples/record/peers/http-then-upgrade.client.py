"""Ordinary requests on the connection that becomes a WebSocket, and one through a proxy."""

import asyncio
import http.client
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from peerlog import PeerLog, logged_connection, python_websockets
from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.uri import parse_uri

log = PeerLog("client", python_websockets())


def direct():
    http_client = http.client.HTTPConnection("127.0.0.1", 9009)
    http_client.connect()
    sock = http_client.sock
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = sock.getsockname()[1]
    for method, path, body, headers in [
        ("POST", "/api/login", '{"user":"王伟","password":"a%20b"}'.encode(), {"Content-Type": "application/json"}),
        ("GET", "/api/history", None, {}),
        ("GET", "/logo.svg", None, {"If-None-Match": '"logo-1"'}),
        ("HEAD", "/report.pdf", None, {}),
    ]:
        http_client.request(method, path, body, headers)
        response = http_client.getresponse()
        response.read()
        assert http_client.sock is sock, "the server closed the connection"
        log.http(port, method, path, response.status)
        time.sleep(0.03)

    protocol = ClientProtocol(parse_uri("ws://127.0.0.1:9009/live"))
    log.watch(protocol, port)

    def flush():
        for data in protocol.data_to_send():
            sock.sendall(data) if data else sock.shutdown(socket.SHUT_WR)

    def receive():
        data = sock.recv(65536)
        protocol.receive_data(data) if data else protocol.receive_eof()
        flush()

    protocol.send_request(protocol.connect())
    flush()
    while protocol.state is not State.OPEN:
        receive()
    log.opened(port, 9009, "/live")
    for text in ("after five requests", "五个请求之后"):
        time.sleep(0.04)
        protocol.send_text(text.encode())
        flush()
        receive()
    log.closing(port)
    protocol.send_close(1000, "done")
    flush()
    while protocol.state is not State.CLOSED:
        receive()
    sock.close()


async def through_proxy():
    Connection = logged_connection(log)
    async with connect("ws://chat.example.com/live?via=proxy", proxy="http://127.0.0.1:9109",
                       compression=None, ping_interval=None, create_connection=Connection) as ws:
        # For this connection the peer is the proxy, on port 9109.
        ws.log_open()
        await ws.recv()
        await ws.recv()
        for text in ("through the proxy", "再见"):
            await asyncio.sleep(0.04)
            await ws.send(text)
            await ws.recv()
        log.closing(ws.client_port)
        await ws.close(1000, "done")


direct()
time.sleep(0.05)
asyncio.run(through_proxy())
