// An origin that fails in every way there is, 50 exchanges at a time: each ends as its failure says, in success, 502,
// 504 or an abort, and no client gets a byte that is not its own. CHAOS_SEED=N plays another game.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { cutInPieces, seededRandom } from './lib/pieces.js';
import { within } from './lib/within.js';
import { Proxy } from './proxy.js';

const SEED = Number(process.env.CHAOS_SEED ?? 1);
const EXCHANGES = Number(process.env.CHAOS_EXCHANGES ?? 2000);
const AT_ONCE = 50;
const STALL = '3s'; // until the proxy gives a silent origin up; a busy machine must not look silent
const TEXT = { 'content-type': 'text/plain' };
const STREAM = { 'content-type': 'text/event-stream' };

// What belongs to exchange `id`, and to no other.
function bytesOf(id, size) {
  return Buffer.alloc(size, `<${id}>`);
}

function eventsOf(id) {
  return Buffer.from(Array.from({ length: 8 }, (_, i) => `id: ${i}\ndata: for ${id} alone\n\n`).join(''));
}

const sendPieces = (res, bytes, seed) => pipeline(cutInPieces(bytes, seed), res).catch(() => {});
const head = (res, fields) => res.socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${fields}\r\n\r\n`);
const half = (bytes) => bytes.subarray(0, bytes.length / 2);
const chunk = (bytes) => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
const end = (res) => res.socket.end();
const reset = (res) => res.socket.resetAndDestroy();
// A reset overtakes what was sent: it comes when the proxy has had the time to read that.
const resetLater = (res) => setTimeout(() => res.socket?.resetAndDestroy(), 20);

function begin(res, bytes, { chunked }) {
  head(res, chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes.length}`);
  res.socket.write(chunked ? chunk(half(bytes)) : half(bytes));
}

// How often of 100, how it must end, what the origin does.
const BEHAVIOURS = {
  'with a length': [17, 'whole', (res, bytes) => res.writeHead(200, { ...TEXT, 'content-length': bytes.length }).end(bytes)],
  'in chunks': [14, 'whole', (res, bytes, id) => sendPieces(res.writeHead(200, TEXT), bytes, id)],
  'until the close': [6, 'whole', (res, bytes) => {
    head(res, 'Connection: close');
    res.socket.end(bytes);
  }],
  'a stream': [14, 'whole', (res, bytes, id) => sendPieces(res.writeHead(200, STREAM), bytes, id)],
  'early hints first': [3, 'whole', (res, bytes) => res.writeEarlyHints({ link: '</a>; rel=preload' }, () => res.end(bytes))],
  'an end without a byte': [4, 502, end],
  'a reset without a byte': [4, 502, reset],
  'garbage': [4, 502, (res, bytes) => res.socket.end(bytes)],
  'half a head': [3, 502, (res) => res.socket.end('HTTP/1.1 200 OK\r\nContent-Le')],
  'an ambiguous head': [3, 502, (res) => head(res, 'Content-Length: 3\r\nTransfer-Encoding: chunked')],
  'silence': [2, 504, () => {}],
  'half of its length, then the end': [3, 'abort', (res, bytes) => (begin(res, bytes, {}), end(res))],
  'half of its length, then a reset': [3, 'abort', (res, bytes) => (begin(res, bytes, {}), resetLater(res))],
  'half of its length, then silence': [1, 'abort', (res, bytes) => begin(res, bytes, {})],
  'a chunk, then the end': [3, 'abort', (res, bytes) => (begin(res, bytes, { chunked: true }), end(res))],
  'a chunk, then a reset': [3, 'abort', (res, bytes) => (begin(res, bytes, { chunked: true }), resetLater(res))],
  'a chunk, then garbage': [3, 'abort', (res, bytes) => (begin(res, bytes, { chunked: true }), res.socket.write('garbage\r\n'))],
  'half a stream, then the end': [3, 'abort', (res, bytes) => {
    res.writeHead(200, STREAM).write(half(bytes));
    res.socket.end();
  }],
  'half a stream, then silence': [1, 'abort', (res, bytes) => res.writeHead(200, STREAM).write(half(bytes))],
  'a client that leaves': [6, 'left', (res, bytes) => res.writeHead(200, TEXT).write(half(bytes))],
};
const WEIGHTED = Object.entries(BEHAVIOURS).flatMap(([name, [weight]]) => Array(weight).fill(name));
assert.equal(WEIGHTED.length, 100);

class ChaosOrigin {
  #server;
  #games = new Map(); // by id
  wrong = [];

  async start(port = 0) {
    this.#server = http.createServer((req, res) => this.#serve(req, res));
    this.#server.on('connection', (socket) => socket.on('error', () => {}));
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = this.#server.address().port;
  }

  async stop() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  expect(game) {
    this.#games.set(game.id, game);
  }

  async #serve(req, res) {
    if (req.url === '/warm-up') return res.writeHead(200, { connection: 'close' }).end();
    const game = this.#games.get(Number(req.url.slice(1)));
    res.on('error', () => {});
    const parts = [];
    try {
      for await (const part of req) parts.push(part);
    } catch {
      return; // the client left in its upload
    }
    if (!Buffer.concat(parts).equals(game.upload)) this.wrong.push(`the upload of ${game.id}`);
    res.on('close', () => game.originLost());
    await BEHAVIOURS[game.name][2](res, game.bytes, game.id);
  }
}

function pick(random, id) {
  const name = WEIGHTED[Math.floor(random() * WEIGHTED.length)];
  const size = 1 + Math.floor(random() ** 4 * 300_000);
  const upload = random() < 0.3 ? bytesOf(id, Math.floor(random() ** 3 * 200_000)) : Buffer.alloc(0);
  const bytes = name.includes('stream') ? eventsOf(id) : bytesOf(id, size + 1);
  const game = { id, name, upload, bytes, expected: BEHAVIOURS[name][1], oneShot: random() < 0.2 };
  game.lost = new Promise((resolve) => (game.originLost = resolve));
  return game;
}

// Resolves with how the exchange ended and the bytes that came.
function play(game, port, agent) {
  return new Promise((resolve) => {
    const parts = [];
    const done = (ending, status) => resolve({ ending, status, got: Buffer.concat(parts) });
    const req = http.request({
      port,
      path: `/${game.id}`,
      method: game.upload.length > 0 ? 'POST' : 'GET',
      agent: game.oneShot ? false : agent,
    });
    req.on('error', () => done('abort'));
    req.on('response', (res) => {
      res.on('data', (part) => {
        parts.push(part);
        if (game.expected === 'left') req.destroy();
      });
      res.on('error', () => {});
      res.on('close', () => done(game.expected === 'left' && !res.complete ? 'left' : res.complete ? 'whole' : 'abort', res.statusCode));
    });
    if (game.upload.length > 0 && game.id % 2) req.setHeader('content-length', game.upload.length);
    req.end(game.upload);
  });
}

function judge(game, { ending, status, got }) {
  const outcome = ending === 'whole' && status !== 200 ? status : ending;
  const told = `exchange ${game.id}, ${game.upload.length} bytes up, "${game.name}"`;
  assert.equal(outcome, game.expected, `${told}: ended in ${outcome}, not ${game.expected}`);
  if (typeof outcome === 'number') {
    assert.equal(JSON.parse(got).error.code, outcome);
  } else {
    assert.ok(got.equals(game.bytes.subarray(0, got.length)), `${told}: a wrong byte`);
    if (outcome === 'whole') assert.equal(got.length, game.bytes.length, told);
  }
}

describe(`chaos, seed ${SEED}`, () => {
  const origin = new ChaosOrigin();
  const agent = new http.Agent({ keepAlive: true, maxFreeSockets: AT_ONCE });
  let proxy;
  before(async () => {
    await origin.start();
    const silence = ['--response-timeout', STALL, '--read-timeout', STALL, '--stream-timeout', STALL];
    proxy = await Proxy.start(`http://127.0.0.1:${origin.port}`, ...silence, '--keepalive', 'off');
  });
  after(async () => {
    agent.destroy();
    await origin.stop();
    await proxy?.stop();
  });

  it(`${EXCHANGES} exchanges, ${AT_ONCE} at a time, and a restart now and then, end as they should`, async (t) => {
    const random = seededRandom(SEED);
    await (await fetch(`${proxy.url}/warm-up`, { headers: { connection: 'close' } })).arrayBuffer();
    const descriptors = () => readdirSync(`/proc/${proxy.pid}/fd`).length;
    const atStart = descriptors();
    const count = {};
    let next = 0;
    const exchange = async (isDown) => {
      const game = pick(random, ++next);
      if (isDown) game.expected = 502;
      origin.expect(game);
      judge(game, await within(30_000, play(game, proxy.port, agent), `exchange ${game.id}, "${game.name}"`));
      if (game.expected === 'left') await within(5000, game.lost, 'the origin to lose the client that left');
      const outcome = isDown ? 'refused' : game.expected;
      count[outcome] = (count[outcome] ?? 0) + 1;
    };
    const run = (until, isDown) => {
      const player = async () => {
        while (next < until) await exchange(isDown);
      };
      return Promise.all(Array.from({ length: AT_ONCE }, player));
    };
    while (next < EXCHANGES) {
      await run(Math.min(EXCHANGES, next + 400), false);
      await origin.stop();
      await run(next + 10, true);
      await origin.start(origin.port);
    }
    assert.deepEqual(origin.wrong, []);
    t.diagnostic(Object.entries(count).map(([outcome, n]) => `${outcome}: ${n}`).join(', '));
    agent.destroy();
    for (let i = 0; descriptors() > atStart; i++) {
      assert.ok(i < 1000, `${descriptors()} descriptors, ${atStart} at the start`);
      await sleep(10);
    }
  });
});
