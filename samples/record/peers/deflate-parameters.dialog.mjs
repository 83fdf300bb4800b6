// What is said on each path of deflate-parameters: both peers run this, each speaks its own lines.
export const PORT = 9012;

/** What the client offers and what the server answers with, as `ws` options, by path. */
export const paths = {
  '/takeover': {
    offer: {},
    answer: {},
  },
  '/no-takeover': {
    offer: { clientNoContextTakeover: true, serverNoContextTakeover: true },
    answer: { clientNoContextTakeover: true, serverNoContextTakeover: true },
  },
  '/window-9': {
    offer: { clientMaxWindowBits: 9, serverMaxWindowBits: 9 },
    answer: { clientMaxWindowBits: 9, serverMaxWindowBits: 9 },
  },
  // Only the server starts anew with each message, and the client's window is the smaller one.
  '/one-sided': {
    offer: { clientMaxWindowBits: true },
    answer: { serverNoContextTakeover: true, clientMaxWindowBits: 10 },
  },
  '/declined': {
    offer: {},
    answer: false,
  },
};

const order = (id, dish, note) => JSON.stringify({ op: 'order', id, table: '窗边 7', dish, quantity: 1, note });
const ready = (id, dish, minutes) => JSON.stringify({ event: 'ready', id, table: '窗边 7', dish, minutes, thanks: '请慢用 🍵' });

// The same words at a distance of about 900 octets: out of reach for a window of 512, not for one of 1024.
const menu = ['宫保鸡丁', '麻婆豆腐', '担担面', '小笼包', '北京烤鸭', '酸辣汤', '葱油饼', '红烧肉', '蛋炒饭', '绿豆糕'];
const listed = (price) => menu.map((dish, i) => `${i + 1}. ${dish} ${'·'.repeat(12 + i)} ¥${(price * (i + 3)).toFixed(2)} ${dish.length > 3 ? '🌶️' : '🥢'}`).join('\n');
const twice = `${listed(3.5)}\n${'-'.repeat(9)}\n${listed(3.5)}`;

/** `plain`: sent uncompressed on purpose; `pieces`: sent as these fragments; `ping`: between two of them. */
const said = {
  usual: [
    ['client', { text: order('A-1', '担担面', 'less chilli 🌶️, please') }],
    ['server', { text: ready('A-1', '担担面', 9) }],
    ['client', { text: order('A-2', '小笼包', 'less chilli 🌶️, please') }],
    ['server', { text: ready('A-2', '小笼包', 12) }],
    ['server', { text: twice }],
    ['client', { text: `got it: ${twice}` }],
    ['server', { text: 'sent uncompressed: 今天没有烤鸭', plain: true }],
    ['client', { text: 'so is this: 没关系 🙂', plain: true }],
    ['server', { text: ready('A-2', '小笼包', 12) }],
    ['client', { text: order('A-2', '小笼包', 'less chilli 🌶️, please') }],
    ['client', { text: '' }],
    ['server', { text: '' }],
    ['client', { text: order('A-3', '绿豆糕', 'after the empty message') }],
    ['server', { text: ready('A-3', '绿豆糕', 1) }],
    ['server', { binary: Buffer.from(Uint16Array.from({ length: 96 }, (_, i) => 300 + (i % 12)).buffer) }],
  ],
  // Cut without regard for characters, with a ping between the fragments; an empty first and last one.
  fragmented: [
    ['client', { pieces: ['', order('B-1', '红烧肉', 'three fragments, '.repeat(4)), { ping: 'still cooking?' }, ' 🥢', ''] }],
    ['server', { pieces: [Buffer.from(ready('B-1', '红烧肉', 40)).subarray(0, 62), { ping: '还要等吗' }, Buffer.from(ready('B-1', '红烧肉', 40)).subarray(62)] }],
    ['client', { pieces: [Buffer.from('🥡').subarray(0, 2), Buffer.from('🥡').subarray(2)] }],
    ['server', { text: ready('B-1', '红烧肉', 40) }],
  ],
};

/** The lines of a path, in the order in which they are said. */
export const linesOf = (path) => [...said.usual, ...(path === '/declined' ? [] : said.fragmented)];

/** Says the lines of `role` on `socket`, waiting for those of the other; ends when all are said. */
export async function converse(role, socket, port, path, log, sleep) {
  let heard = 0;
  let wake = () => {};
  socket.on('message', () => { heard += 1; wake(); });
  let expected = 0;
  for (const [speaker, line] of linesOf(path)) {
    if (speaker !== role) {
      expected += 1;
      while (heard < expected) await new Promise((done) => { wake = done; });
      await sleep(9);
      continue;
    }
    await say(role, socket, port, line, log, sleep);
  }
}

async function say(role, socket, port, { text, binary, plain, pieces }, log, sleep) {
  if (pieces) {
    const data = pieces.filter((piece) => piece.ping === undefined).map((piece) => Buffer.from(piece));
    log.message(port, role, Buffer.concat(data), false);
    let left = data.length;
    for (const piece of pieces) {
      if (piece.ping !== undefined) socket.ping(piece.ping);
      else socket.send(Buffer.from(piece), { binary: false, fin: --left === 0 });
      await sleep(11);
    }
    return;
  }
  const data = binary ?? text;
  log.message(port, role, data, binary !== undefined);
  socket.send(data, plain ? { compress: false } : {});
  await sleep(7);
}
