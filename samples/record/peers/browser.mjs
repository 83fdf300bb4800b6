// A page for Chromium, on a port that is not captured, and Chromium itself.
import { createServer } from 'node:http';
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';

const chromium = process.env.CHROMIUM || 'chromium';
export const chromiumVersion = () =>
  execFileSync(chromium, ['--version', '--no-sandbox'], { stdio: ['ignore', 'pipe', 'ignore'] })
    .toString().trim().replace(/ built on.*/, '');

/** The page logs each message (type, length, SHA-256): a browser cannot log frames. */
const prelude = `
const logged = [];
async function note(sender, data) {
  const octets = typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data);
  const entry = { sender, type: typeof data === 'string' ? 'text' : 'binary', length: octets.length };
  logged.push(entry);
  if (typeof data === 'string') entry.text = data;
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', octets.slice()));
  entry.sha256 = Array.from(hash, (b) => b.toString(16).padStart(2, '0')).join('');
}
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
async function finished(extra) {
  await pause(100); // the digests
  await fetch('/log', { method: 'POST', body: JSON.stringify({ messages: logged, ...extra }) });
}`;

/** Opens `script` in Chromium; resolves with what the page posts when it is finished. */
export function browse(pagePort, script) {
  return new Promise((resolve) => {
    let child;
    const page = createServer((request, response) => {
      if (request.method === 'POST') {
        let body = '';
        request.on('data', (piece) => (body += piece));
        request.on('end', () => {
          response.end('ok');
          resolve({ ...JSON.parse(body), stop: () => { page.closeAllConnections(); page.close(); process.kill(-child.pid, 'SIGKILL'); } });
        });
        return;
      }
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(`<!doctype html><link rel="icon" href="data:,"><script>${prelude}\n${script}</script>`);
    });
    page.listen(pagePort, '127.0.0.1', () => {
      const profile = mkdtempSync(join(process.env.PEER_LOG_DIR, 'profile-'));
      child = spawn(chromium, [
        '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
        `--user-data-dir=${profile}`, `http://127.0.0.1:${pagePort}/`,
      ], { detached: true, stdio: 'ignore' });
    });
  });
}
