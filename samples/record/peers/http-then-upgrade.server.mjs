// An ordinary HTTP server that also speaks WebSocket, on two ports: 9009 for the client that
// comes directly, 9209 for the proxy. Its first two frames go out in one write with the 101.
import http from 'node:http';
import { PeerLog, WebSocketServer, nodeWs, logOpen, ready, sleep } from '../peerlog.mjs';

const log = new PeerLog('server', nodeWs);
log.watchFrames();

function answer(request, response) {
  const respond = {
    'POST /api/login': () => {
      let body = '';
      request.on('data', (piece) => (body += piece));
      request.on('end', () => {
        const text = JSON.stringify({ token: 'demo', user: JSON.parse(body).user });
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
        response.end(text);
      });
    },
    'GET /api/history': async () => { // no length: chunked
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
      for (const line of ['09:00 开门\n', '09:05 first guest\n', '09:07 🍵\n']) {
        response.write(line);
        await sleep(12);
      }
      response.end();
    },
    'GET /logo.svg': () => {
      // A 304 has no body, though this one says how long the body would be.
      response.writeHead(304, { etag: '"logo-1"', 'content-length': 5120 });
      response.end();
    },
    'HEAD /report.pdf': () => {
      response.writeHead(200, { 'content-type': 'application/pdf', 'content-length': 1048576 });
      response.end();
    },
  }[`${request.method} ${request.url}`];
  if (respond) respond();
  else response.writeHead(404).end();
}

const server = new WebSocketServer({ noServer: true, perMessageDeflate: false });
let left = 2;
server.on('connection', (socket, request) => {
  logOpen(log, socket, request);
  socket.send(JSON.stringify({ hello: request.headers.host }));
  socket.send(Buffer.from([1, 2, 3]));
  socket.on('message', async (data) => {
    await sleep(25);
    socket.send(`ok: ${data}`);
  });
  socket.on('close', () => {
    if (--left === 0) listeners.forEach((listener) => { listener.closeAllConnections(); listener.close(); });
  });
});
const listeners = [9009, 9209].map((port) => {
  const listener = http.createServer(answer);
  listener.on('upgrade', (request, stream, head) => {
    // Without the cork each of the three would be a write of its own.
    stream.cork();
    server.handleUpgrade(request, stream, head, (socket) => server.emit('connection', socket, request));
    stream.uncork();
  });
  return listener.listen(port, '127.0.0.1', () => { if (port === 9209) ready('server'); });
});
