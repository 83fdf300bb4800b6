// Three handshakes that Node `ws` sees refused: 401, 403 and 404.
import { PeerLog, WebSocket, nodeWs, sleep } from '../peerlog.mjs';

const log = new PeerLog('client', nodeWs);
log.watchFrames();
for (const [path, options] of [
  ['/private', {}],
  ['/admin', { origin: 'http://elsewhere.example' }],
  ['/chat/v2', {}],
]) {
  await new Promise((done) => {
    const socket = new WebSocket(`ws://127.0.0.1:9007${path}`, { perMessageDeflate: false, ...options });
    socket.on('unexpected-response', (request, response) => {
      const tcp = request.socket;
      log.write({
        event: 'http', client_port: tcp.localPort, server_port: tcp.remotePort,
        request: { method: 'GET', path, status: response.statusCode },
      });
      response.resume();
      response.on('end', async () => {
        await sleep(30);
        tcp.destroy(); // or Node keeps it for another request
        done();
      });
    });
  });
  await sleep(40);
}
