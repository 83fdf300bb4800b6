// Who says what. An array of [sender, text], spoken strictly in turn.
const json = JSON.stringify;
const menu = ['龍井茶', '碧螺春', '鐵觀音', '普洱茶', '大紅袍', '白毫銀針', '茉莉花茶', '祁門紅茶',
  '玉露', '煎茶', 'ほうじ茶', '抹茶', '玄米茶', '番茶', '수정과', '유자차', '녹차', '보리차'];
const fill = (text, octets) => text + '.'.repeat(octets - Buffer.byteLength(text));

export const dialog = [
  ['client', json({ type: 'join', room: '茶館', name: '小林さくら', lang: 'ja' })],
  ['server', json({ type: 'welcome', room: '茶館', members: ['王伟', '小林さくら', 'Zoë'], motd: '欢迎光临 🍵' })],
  ['client', 'こんにちは！はじめまして。'],
  ['server', '王伟：你好，小林！今天想喝什么茶？'],
  ['client', 'おすすめは何ですか？🤔'],
  // About 4 KiB: one frame over several TCP segments, with the 16-bit length.
  ['server', json({
    type: 'menu',
    items: menu.map((name, i) => ({
      id: i + 1, name, price: 18 + i * 3, currency: '元',
      note: `${name}：香气清雅，回味甘甜。お湯のおかわりは自由です。どうぞごゆっくり。☕️🍃`,
    })),
  })],
  ['client', '龍井茶をひとつ、ホットでお願いします。'],
  ['server', json({ type: 'order', table: 7, item: '龍井茶', qty: 1, ok: true })],
  ['client', '𠮷野家の「𠮷」は U+20BB7 です。'], // outside the basic plane
  ['server', 'Zoë: cafe\u0301 or café? Both look the same.'], // combining accent and precomposed
  ['client', '👨‍👩‍👧‍👦 👍🏽 🏳️‍🌈 🇯🇵🇨🇳🇰🇷'], // joined emoji, skin tone, flags
  ['server', '안녕하세요, 소림 씨! 반갑습니다.'],
  ['client', 'line one\n\t"quoted" \\ back\\slash\r\nline three'],
  ['server', 'مرحبا! שלום! (right to left)'],
  ['client', ''], // an empty message is a message
  ['server', '……？'],
  ['client', fill('125 octets, the longest 7-bit length: 千里之行，始於足下。', 125)],
  ['server', fill('126 octets, the shortest 16-bit length: 千里の道も一歩から。', 126)],
  ['client', json({ type: 'typing', user: '小林さくら', state: true })],
  ['server', json({ type: 'typing', user: '王伟', state: true, ts: 1767225600123 })],
  ['client', '茶が届きました。とても香りがいいです 🍵✨'],
  ['server', '王伟：慢慢喝，小心烫。'],
  ['client', json({ type: 'pay', amount: 18, currency: '元', method: '现金' })],
  ['server', json({ type: 'receipt', no: 'A-0042', total: 18, 感谢: '谢谢惠顾' })],
  ['client', 'ごちそうさまでした。また来ます！'],
  ['server', '王伟：再见，路上小心 👋'],
];
