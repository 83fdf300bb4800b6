// The server under test: Node `ws`, which echoes. A conforming one, so what it sends has to be free of findings.
import { createRequire } from 'node:module';

const require = createRequire(`${process.cwd()}/`);
const { WebSocketServer } = require('ws');
const server = new WebSocketServer({
  host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: true,
  // Cases 9 send 16 MiB in one message, and 4 MiB in fragments of 64 octets.
  maxPayload: 64 << 20, maxFragments: 1 << 20,
});
server.on('listening', () => console.log('listening'));
server.on('connection', (socket) => {
  socket.on('error', () => {}); // the client breaks rules on purpose
  socket.on('message', (data, binary) => socket.send(data, { binary }));
});
