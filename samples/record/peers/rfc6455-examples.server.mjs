// The server of RFC 6455, sections 1.3 and 5.7: every unmasked example, sent by Node `ws`.
import { PeerLog, WebSocketServer, nodeWs, logOpen, ready, sleep } from '../peerlog.mjs';

const log = new PeerLog('server', nodeWs);
log.watchFrames();
const server = new WebSocketServer({
  host: '127.0.0.1', port: 9001, path: '/chat', perMessageDeflate: false,
  handleProtocols: (offered) => (offered.has('chat') ? 'chat' : false),
});
server.on('listening', () => ready('server'));
server.on('connection', async (socket, request) => {
  logOpen(log, socket, request);
  const next = (event) => new Promise((done) => socket.once(event, done));
  await sleep(40);
  socket.send('Hello');
  await next('message'); // the masked "Hello"
  await sleep(40);
  socket.send('Hel', { fin: false });
  await sleep(25);
  socket.send('lo', { fin: true });
  await sleep(40);
  socket.ping('Hello');
  await next('pong');
  await sleep(40);
  socket.send(Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
  await sleep(40);
  // 32-bit big-endian counters: every place in the payload can be recognised.
  const large = Buffer.alloc(65536);
  for (let i = 0; i < large.length; i += 4) large.writeUInt32BE(i, i);
  socket.send(large);
  await sleep(60);
  log.closing(request.socket.remotePort);
  socket.close(1000);
  await next('close');
  server.close();
});
