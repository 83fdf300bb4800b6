// One connection after another, each with its own offer of permessage-deflate.
import { PeerLog, WebSocket, nodeWs, sleep } from '../peerlog.mjs';
import { PORT, converse, paths } from './deflate-parameters.dialog.mjs';

const log = new PeerLog('client', nodeWs);
log.watchFrames();
for (const [path, { offer }] of Object.entries(paths)) {
  const socket = new WebSocket(`ws://127.0.0.1:${PORT}${path}`, { perMessageDeflate: { threshold: 0, ...offer } });
  let extensions; // with the parameters, which `socket.extensions` leaves out
  socket.once('upgrade', (response) => { extensions = response.headers['sec-websocket-extensions']; });
  await new Promise((done) => socket.once('open', done));
  const port = socket._socket.localPort;
  log.write({
    event: 'open', client_port: port, server_port: PORT, path, status: 101, subprotocol: null,
    extensions: extensions ?? null,
  });
  await converse('client', socket, port, path, log, sleep);
  await sleep(60);
  log.closing(port);
  socket.close(1000, `${path} 完`);
  await new Promise((done) => socket.once('close', done));
}
