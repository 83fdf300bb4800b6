// A Node `ws` server on ::1 for a client made with Rust tungstenite.
import { PeerLog, WebSocketServer, nodeWs, logOpen, ready, sleep } from '../peerlog.mjs';

const log = new PeerLog('server', nodeWs);
log.watchFrames();
const server = new WebSocketServer({
  host: '::1', port: 9006, perMessageDeflate: false, handleProtocols: () => 'telemetry.v1',
});
server.on('listening', () => ready('server'));
server.on('connection', (socket, request) => {
  logOpen(log, socket, request);
  let readings = 0;
  socket.on('message', async (data, isBinary) => {
    if (!isBinary) return;
    readings += 1;
    await sleep(20);
    if (readings === 2) socket.ping('from node');
    socket.send(JSON.stringify({ ack: readings, value: data.readDoubleLE(0) }));
  });
  socket.on('close', () => server.close());
});
