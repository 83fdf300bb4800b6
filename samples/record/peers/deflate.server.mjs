// permessage-deflate between Chromium and Node `ws`, both keeping their compression context: the
// same kind of JSON again and again, so that later messages shrink to back-references.
import { PeerLog, WebSocketServer, nodeWs, logOpen, sleep } from '../peerlog.mjs';
import { browse, chromiumVersion } from './browser.mjs';

const log = new PeerLog('server', nodeWs);
log.watchFrames();
log.write({ event: 'peer', at: 'client', software: chromiumVersion() });

const quote = (symbol, name, price, seq) =>
  JSON.stringify({ channel: 'quotes', seq, symbol, name, bid: price, ask: +(price + 0.05).toFixed(2), currency: 'CNY' });
const bars = new Float64Array([17.02, 17.11, 16.98, 17.05, 17.05, 17.05, 17.05, 17.05]);

let clientPort;
const server = new WebSocketServer({ host: '127.0.0.1', port: 9010, perMessageDeflate: { threshold: 0 } });
server.on('connection', (socket, request) => {
  logOpen(log, socket, request);
  clientPort = request.socket.remotePort;
  const say = (data, options) => {
    log.message(clientPort, 'server', data, typeof data !== 'string');
    socket.send(data, options);
  };
  const steps = [
    () => say(JSON.stringify({ channel: 'quotes', subscribed: true, symbols: ['贵州茅台', '比亚迪'] })),
    async () => {
      say(quote('600519', '贵州茅台', 1702.3, 1));
      await sleep(45);
      say(quote('600519', '贵州茅台', 1702.35, 2));
      await sleep(45);
      say(quote('002594', '比亚迪', 268.1, 3));
    },
    async () => {
      say(Buffer.from(bars.buffer)); // binary, compressed too
      await sleep(30);
      socket.ping('tick'); // a control frame is never compressed
      await sleep(30);
      say('uncompressed by choice of the server', { compress: false }); // RSV1=0 on the same connection
      await sleep(30);
      say(quote('600519', '贵州茅台', 1702.3, 4));
    },
  ];
  socket.on('message', async () => { await sleep(35); await steps.shift()?.(); });
});

const { messages, close, extensions, stop } = await browse(9110, `
const socket = new WebSocket('ws://127.0.0.1:9010/quotes');
const say = (text) => { note('client', text); socket.send(text); };
const order = (n) => JSON.stringify({ op: 'order', id: 'A-' + n, symbol: '600519', side: 'buy', qty: 100, note: '限价单' });
let heard = 0, extensions, close;
socket.onopen = async () => {
  extensions = socket.extensions;
  await pause(40);
  say(JSON.stringify({ op: 'subscribe', symbols: ['600519', '002594'] }));
};
socket.binaryType = 'arraybuffer';
socket.onmessage = async ({ data }) => {
  note('server', data);
  heard += 1;
  await pause(30);
  if (heard === 1) say(order(1));
  if (heard === 4) say(order(2));
  if (heard === 7) { say(order(2)); await pause(60); socket.close(1000, 'done'); }
};
socket.onclose = ({ code, reason, wasClean }) => finished({ extensions, close: { code, reason, wasClean } });`);

log.write({ event: 'closing', at: 'client', client_port: clientPort }); // it was the page that closed
for (const { sender, type, length, sha256, text } of messages.filter((m) => m.sender === 'client')) {
  log.write({ event: 'message', client_port: clientPort, sender, message: { type, length, sha256, text } });
}
if (!close.wasClean || !extensions.startsWith('permessage-deflate')) throw new Error('no clean close, or no compression');
stop();
server.close();
