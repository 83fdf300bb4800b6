// Fragmented messages to a client that is sending its own at the same time.
import { PeerLog, WebSocketServer, nodeWs, logOpen, ready, sleep } from '../peerlog.mjs';

const log = new PeerLog('server', nodeWs);
log.watchFrames();
const server = new WebSocketServer({ host: '127.0.0.1', port: 9003, perMessageDeflate: false });
server.on('listening', () => ready('server'));
server.on('connection', async (socket, request) => {
  logOpen(log, socket, request);
  const port = request.socket.remotePort;
  /** One message in pieces; { ping } is a ping sent between two fragments. */
  const fragmented = async (binary, ...pieces) => {
    const data = pieces.filter((piece) => !piece.ping);
    log.message(port, 'server', Buffer.concat(data), binary);
    let left = data.length;
    for (const piece of pieces) {
      if (piece.ping) socket.ping(piece.ping);
      else socket.send(piece, { binary, fin: --left === 0 });
      await sleep(18);
    }
  };
  const octets = (text) => Buffer.from(text);
  const none = Buffer.alloc(0);
  const cut = (text, ...at) => {
    const all = octets(text);
    return [...at, all.length].map((end, i) => all.subarray(i ? at[i - 1] : 0, end));
  };

  // Every cut falls inside a character: 日 is e6 97 a5, the emoji is f0 9f 8e 8c.
  const [a, b, c, d] = cut('日本🎌語', 1, 5, 8);
  await fragmented(false, a, b, { ping: 'mid-1' }, c, d);
  await fragmented(false, none, octets('the first fragment was empty'));
  await fragmented(false, octets('the last fragment is empty'), none);
  await fragmented(true, Buffer.alloc(200, 0xa1), { ping: 'mid-2' }, Buffer.alloc(300, 0xb2), Buffer.alloc(7, 0xc3));
  await fragmented(false, none, none, octets('alone in the middle'), none);
  const whole = 'not fragmented at all';
  log.message(port, 'server', whole, false);
  socket.send(whole);
  socket.once('close', () => server.close());
});
