// permessage-deflate with each kind of parameter, between two peers that are Node `ws`: one path for each answer.
import http from 'node:http';
import { PeerLog, WebSocketServer, nodeWs, logOpen, ready, sleep } from '../peerlog.mjs';
import { PORT, converse, paths } from './deflate-parameters.dialog.mjs';

const log = new PeerLog('server', nodeWs);
log.watchFrames();
// Answers are per server in `ws`, so every path has a server of its own behind one port.
const answers = Object.fromEntries(Object.entries(paths).map(([path, { answer }]) => [
  path,
  new WebSocketServer({ noServer: true, perMessageDeflate: answer && { threshold: 0, ...answer } }),
]));
const server = http.createServer();
let left = Object.keys(paths).length;
server.on('upgrade', (request, stream, head) => {
  answers[request.url].handleUpgrade(request, stream, head, async (socket) => {
    logOpen(log, socket, request);
    socket.on('close', () => { if (--left === 0) server.close(); });
    await converse('server', socket, request.socket.remotePort, request.url, log, sleep);
  });
});
server.listen(PORT, '127.0.0.1', () => ready('server'));
