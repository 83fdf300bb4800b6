// Node `ws` for a client that is Python `websockets`: compressed fragments both ways at the same time.
import { PeerLog, WebSocketServer, nodeWs, logOpen, ready, sleep } from '../peerlog.mjs';

const log = new PeerLog('server', nodeWs);
log.watchFrames();
const server = new WebSocketServer({ host: '127.0.0.1', port: 9013, perMessageDeflate: { threshold: 0 } });
server.on('listening', () => ready('server'));
let left = 2;
server.on('connection', async (socket, request) => {
  logOpen(log, socket, request);
  const port = request.socket.remotePort;
  socket.on('close', () => { if (--left === 0) server.close(); });
  /** One message in pieces; { ping } is a ping sent between two fragments. */
  const fragmented = async (...pieces) => {
    const data = pieces.filter((piece) => !piece.ping);
    log.message(port, 'server', Buffer.concat(data), false);
    let last = data.length;
    for (const piece of pieces) {
      if (piece.ping) socket.ping(piece.ping);
      else socket.send(piece, { binary: false, fin: --last === 0 });
      await sleep(14);
    }
  };
  const say = (text, options = {}) => {
    log.message(port, 'server', text, false);
    socket.send(text, options);
  };
  const poem = Buffer.from('床前明月光，疑是地上霜。举头望明月，低头思故乡。🌙');
  // Every cut falls inside a character.
  await fragmented(poem.subarray(0, 8), poem.subarray(8, 40), { ping: 'moon' }, poem.subarray(40));
  await fragmented(Buffer.alloc(0), poem, Buffer.alloc(0));
  say(poem.toString());
  await sleep(14);
  say('uncompressed between compressed ones', { compress: false });
  await sleep(14);
  say('');
  await sleep(14);
  say(poem.toString());
});
