// What a Node peer knows about the frames it sent and received, as JSON lines.
//
// The log has to be independent of the capture, so nothing here reads packets: the options and
// the payload are taken from `ws` itself, at the moment it turns them into octets.
import { createRequire } from 'node:module';
import { createHash } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const ws = require('ws');
const wsVersion = require('ws/package.json').version;
const { Sender, Receiver } = ws;

export const { WebSocket, WebSocketServer } = ws;
export const nodeWs = `ws ${wsVersion} / Node ${process.version}`;
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export const sha256 = (data) => createHash('sha256').update(data).digest('hex');

/** Tells record.sh that the port is open. */
export const ready = (what) => writeFileSync(join(process.env.PEER_LOG_DIR, `${what}.ready`), '');

export class PeerLog {
  /** `role` is "client" or "server": the role in the WebSocket connection. */
  constructor(role, software) {
    this.role = role;
    this.file = join(process.env.PEER_LOG_DIR, `${role}-${process.pid}.jsonl`);
    this.write({ event: 'peer', software });
  }

  write(entry) {
    // hrtime is the monotonic clock, the one Python's time.monotonic_ns() reads too, so that
    // the lines of all the peers of one recording can be put in order.
    const line = { t: Number(process.hrtime.bigint()), at: this.role, ...entry };
    appendFileSync(this.file, JSON.stringify(line) + '\n');
  }

  /** A message as the application gave it, before compression and fragmentation. */
  message(client_port, sender, data, isBinary) {
    const octets = Buffer.from(data);
    this.write({
      event: 'message', client_port, sender,
      message: {
        type: isBinary ? 'binary' : 'text', length: octets.length, sha256: sha256(octets),
        ...(isBinary ? {} : { text: octets.toString('utf8') }),
      },
    });
  }

  closing(client_port) { this.write({ event: 'closing', client_port }); }

  clientPort(socket) { return this.role === 'client' ? socket.localPort : socket.remotePort; }

  /** From here on every frame that `ws` sends or receives in this process is logged. */
  watchFrames() {
    const log = this;
    const records = new WeakMap();

    const { frame } = Sender;
    Sender.frame = (data, options) => {
      // Copy first: `ws` masks the caller's buffer in place.
      const payload = Buffer.from(data);
      const list = frame(data, options);
      const head = list[0];
      const offset = payload.length > 65535 ? 10 : payload.length > 125 ? 4 : 2;
      records.set(list, {
        fin: !!options.fin, rsv1: !!options.rsv1, opcode: options.opcode, masked: !!options.mask,
        ...(options.mask ? { masking_key: head.subarray(offset, offset + 4).toString('hex') } : {}),
        payload_length: payload.length, sha256: sha256(payload),
        ...closeFields(options.opcode, payload),
      });
      return list;
    };

    const { sendFrame } = Sender.prototype;
    Sender.prototype.sendFrame = function (list, cb) {
      log.write({ event: 'sent', client_port: log.clientPort(this._socket), frame: records.get(list) });
      return sendFrame.call(this, list, cb);
    };

    // The receiver has no hook for a frame, only for a message. Its steps are wrapped: the first
    // two octets, the masking key, and the octets consumed as payload (unmasked in place).
    const { setSocket } = WebSocket.prototype;
    WebSocket.prototype.setSocket = function (socket, head, options) {
      this._logPort = log.clientPort(socket);
      const result = setSocket.call(this, socket, head, options);
      this._receiver._logPort = this._logPort;
      return result;
    };
    const { getInfo, getData, consume } = Receiver.prototype;
    Receiver.prototype.getInfo = function (cb) {
      const open = this._fragmented;
      const before = this._state;
      const result = getInfo.call(this, cb);
      if (this._state !== before) {
        const continuation = open && this._opcode < 8;
        this._logFrame = {
          fin: this._fin, rsv1: !continuation && this._opcode < 8 && this._compressed,
          opcode: continuation ? 0 : this._opcode, masked: this._masked,
        };
      }
      return result;
    };
    Receiver.prototype.consume = function (n) {
      return (this._logConsumed = consume.call(this, n));
    };
    Receiver.prototype.getData = function (cb) {
      const complete = this._bufferedBytes >= this._payloadLength;
      if (!complete) return getData.call(this, cb);
      const { _logFrame: info, _payloadLength: length } = this;
      const key = this._masked ? Buffer.from(this._mask).toString('hex') : undefined;
      // getData hands the payload on before it returns, so the message may be answered before
      // the frame is logged. Harmless: received frames are only compared with received frames.
      const result = getData.call(this, cb);
      const payload = length ? this._logConsumed : Buffer.alloc(0);
      log.write({
        event: 'received', client_port: this._logPort,
        frame: {
          ...info, ...(key ? { masking_key: key } : {}), payload_length: payload.length,
          sha256: sha256(payload), ...closeFields(info.opcode, payload),
        },
      });
      return result;
    };
  }
}

/** A Close frame also says which code and reason the peer meant. */
function closeFields(opcode, payload) {
  if (opcode !== 8) return {};
  if (payload.length < 2) return { close: { code: null, reason: '' } };
  return { close: { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) } };
}

/** Log lines every `ws` server wants: the handshake it accepted, and nothing else. */
export function logOpen(log, socket, request) {
  log.write({
    event: 'open', client_port: log.clientPort(socket._socket), server_port: socket._socket.localPort,
    path: request.url, status: 101, subprotocol: socket.protocol || null, extensions: socket.extensions || null,
  });
}
