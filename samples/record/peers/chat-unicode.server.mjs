// Chromium talks with a Node `ws` server that accepts no compression: all text is readable.
import { PeerLog, WebSocketServer, nodeWs, logOpen, sleep } from '../peerlog.mjs';
import { browse, chromiumVersion } from './browser.mjs';
import { dialog } from './chat-unicode.dialog.mjs';

const log = new PeerLog('server', nodeWs);
log.watchFrames();
log.write({ event: 'peer', at: 'client', software: chromiumVersion() });

let clientPort;
const server = new WebSocketServer({ host: '127.0.0.1', port: 9002, perMessageDeflate: false });
server.on('connection', async (socket, request) => {
  logOpen(log, socket, request);
  clientPort = request.socket.remotePort;
  let turn = 0;
  socket.on('message', async (data) => {
    if (dialog[turn][0] !== 'client' || dialog[turn][1] !== data.toString()) throw new Error(`turn ${turn}`);
    turn += 1;
    await sleep(20 + (turn * 37) % 90);
    if (turn === 13) { // half-way: is anybody there?
      socket.ping('keepalive-1');
      await new Promise((done) => socket.once('pong', done));
    }
    const text = dialog[turn][1];
    log.message(clientPort, 'server', text, false);
    socket.send(text);
    turn += 1;
  });
});

const { messages, close, stop } = await browse(9102, `
const dialog = ${JSON.stringify(dialog).replaceAll('<', '\\u003c')};
const socket = new WebSocket('ws://127.0.0.1:9002/chat/%E8%8C%B6%E9%A4%A8');
let turn = 0, close;
const speak = async () => {
  await pause(30 + (turn * 53) % 110);
  note('client', dialog[turn][1]);
  socket.send(dialog[turn][1]);
  turn += 1;
};
socket.onopen = speak;
socket.onmessage = async ({ data }) => {
  note('server', data);
  turn += 1;
  if (turn < dialog.length) return speak();
  await pause(80);
  socket.close(1000, '下次再见 👋');
};
socket.onclose = ({ code, reason, wasClean }) => finished({ close: { code, reason, wasClean } });`);

log.write({ event: 'closing', at: 'client', client_port: clientPort }); // it was the page that closed
for (const { sender, type, length, sha256, text } of messages.filter((m) => m.sender === 'client')) {
  log.write({ event: 'message', client_port: clientPort, sender, message: { type, length, sha256, text } });
}
// What the browser received has to be what the server sent.
const heard = messages.filter((m) => m.sender === 'server').map((m) => m.text);
const said = dialog.filter(([who]) => who === 'server').map(([, text]) => text);
if (JSON.stringify(heard) !== JSON.stringify(said) || !close.wasClean) throw new Error('the browser heard something else');
stop();
server.close();
