// A client that does not check Sec-WebSocket-Accept. `ws` itself refuses a wrong one, so the
// handshake is done with Node's HTTP client, and `ws` gets the socket afterwards.
import http from 'node:http';
import { randomBytes } from 'node:crypto';
import { PeerLog, WebSocket, nodeWs, sleep } from '../peerlog.mjs';

const log = new PeerLog('client', nodeWs);
log.watchFrames();
const request = http.get({
  host: '127.0.0.1', port: 9008, path: '/trusting',
  headers: {
    Connection: 'Upgrade', Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
  },
});
request.on('upgrade', (response, stream, head) => {
  log.write({
    event: 'open', client_port: stream.localPort, server_port: 9008, path: '/trusting',
    status: response.statusCode, subprotocol: null, extensions: null,
  });
  const socket = new WebSocket(null, undefined, { closeTimeout: 5000, autoPong: true });
  socket._isServer = false; // WebSocket(null) is meant for servers; a client has to mask
  socket.setSocket(stream, head, { allowSynchronousEvents: true, maxPayload: 1 << 20 });
  const replies = [
    () => socket.send('never mind'),
    () => socket.send(Buffer.from('0102030405', 'hex')),
    () => socket.ping('still here?'),
  ];
  const next = async () => {
    await sleep(40);
    const reply = replies.shift();
    if (reply) return reply();
    log.closing(stream.localPort);
    socket.close(1000, 'good enough');
  };
  socket.on('message', next);
  socket.on('pong', next);
});
