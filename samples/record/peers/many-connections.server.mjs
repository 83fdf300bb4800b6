// One server, six clients at the same time, each with its own path, subprotocol and ending.
import { PeerLog, WebSocketServer, nodeWs, logOpen, ready, sleep } from '../peerlog.mjs';

const log = new PeerLog('server', nodeWs);
log.watchFrames();
const server = new WebSocketServer({ host: '127.0.0.1', port: 9005, perMessageDeflate: false });
server.on('listening', () => ready('server'));

/** What the server says on each path: [pause in ms, message] … and then how it ends, if it does. */
const scripts = {
  '/ticker': { say: [[15, '{"bid":101.25}'], [30, '{"bid":101.30}'], [30, '{"bid":101.28}'], [30, '{"bid":101.31}']] },
  '/lobby?room=7': { say: [[20, 'Zoë joined'], [35, 'Bo joined'], [60, 'server restarts soon']], end: (s) => s.close(1001) },
  '/upload': { say: [[25, 'send chunks'], [90, 'quota: 4 KiB']], end: (s) => s.close(4000, 'quota exceeded') },
  '/telemetry': { say: [[10, Buffer.from([0x82, 1, 2, 3])], [55, Buffer.from([0x82, 4, 5, 6])]], end: (s) => s.close() },
  '/device/42': { say: [[12, 'configure']] },
  '/device/43': { say: [[18, 'configure']] },
};

let open = 0;
server.on('connection', async (socket, request) => {
  open += 1;
  logOpen(log, socket, request);
  const port = request.socket.remotePort;
  socket.on('error', () => {}); // the one that is reset
  socket.on('close', () => { if (--open === 0) server.close(); });
  socket.on('message', (data) => { if (data.toString() === 'echo?') socket.send('echo!'); });
  const { say, end } = scripts[request.url];
  for (const [pause, message] of say) {
    await sleep(pause);
    socket.send(message);
  }
  if (end) {
    await sleep(60);
    log.closing(port);
    end(socket);
  }
});
