// The app behind the proxy: serves the recorded streams in the ways apps serve them, and the page that
// Chromium loads. Tests that need more say so with handle(path, handler).
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import zlib from 'node:zlib';
import { FIXTURES } from './lib/fixtures.js';
import { cutInPieces, seededRandom } from './lib/pieces.js';
import { splitAtBlankLines } from './lib/sse.js';

const require = createRequire(import.meta.url);
const fetchEventSourceFolder = path.resolve(path.dirname(require.resolve('@microsoft/fetch-event-source')), '../esm');

// Each piece with the flush that lets a reader decode all of it at once, as a server that streams has to.
async function gzipPieces(pieces) {
  const gzip = zlib.createGzip();
  const out = [];
  gzip.on('data', (bytes) => out.push(bytes));
  for (const piece of pieces) {
    gzip.write(piece);
    await new Promise((resolve) => gzip.flush(zlib.constants.Z_SYNC_FLUSH, resolve));
  }
  gzip.end();
  await once(gzip, 'end');
  return out;
}

// The modes of /stream/NAME, by query, all of which go together:
//   gzip=1     Content-Encoding: gzip, asked for or not, flushed after each event
//   split=SEED cut at random into small writes, 0-3 ms apart
//   close=1    no chunks: the end of the connection is the end of the stream
//   silence=MS nothing for so long after the first half of the events
async function sendFixture({ bytes, headers }, query, res) {
  const seed = Number(query.get('split') ?? 0);
  const silence = Number(query.get('silence') ?? 0);
  const events = splitAtBlankLines(bytes);
  const halves = silence ? [events.slice(0, events.length / 2), events.slice(events.length / 2)] : [events];
  const random = seededRandom(seed);
  res.writeHead(200, { ...headers, ...(query.has('gzip') && { 'content-encoding': 'gzip' }) });
  res.flushHeaders();
  if (query.has('gzip')) {
    const count = halves[0].length; // one compressed piece per event, and the trailer
    const pieces = await gzipPieces(events);
    halves[0] = pieces.slice(0, count);
    if (silence) halves[1] = pieces.slice(count);
    else halves[0].push(...pieces.slice(count));
  }
  for (const [i, half] of halves.entries()) {
    if (i > 0) await delay(silence);
    const pieces = seed ? cutInPieces(Buffer.concat(half), seed + i) : half;
    for (const piece of pieces) {
      if (res.destroyed) return;
      res.write(piece);
      if (seed) await delay(random() * 3);
    }
  }
  res.end();
}

const PAGE = '<!doctype html><meta charset="utf-8"><title>sse-proxy e2e</title><p>Streams are opened from here.</p>';

async function sendBrowserModule(name, res) {
  const file = path.join(fetchEventSourceFolder, path.basename(name));
  // The package is made for bundlers: its imports leave `.js` out.
  const source = await readFile(file.endsWith('.js') ? file : `${file}.js`);
  res.writeHead(200, { 'content-type': 'text/javascript', 'content-length': source.length });
  res.end(source);
}

async function readBody(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts).toString();
}

export class Origin {
  #server = http.createServer((req, res) => this.#answer(req, res).catch((error) => this.#fail(res, error)));
  #handlers = new Map();
  // What came in: {method, url, headers, body}, in order.
  requests = [];

  // `host` and `port` are for an origin that comes back where it was.
  static async start({ host = '127.0.0.1', port = 0 } = {}) {
    const origin = new Origin();
    origin.#server.listen(port, host);
    await once(origin.#server, 'listening');
    origin.host = host;
    origin.port = origin.#server.address().port;
    origin.url = `http://${host}:${origin.port}`;
    return origin;
  }

  // `handler(req, res)` answers `path` from now on.
  handle(path, handler) {
    this.#handlers.set(path, handler);
  }

  // Whatever is asked of `path`, the answer is the recorded stream `name`, sent in the modes of `query`.
  serve(path, name, query) {
    this.handle(path, (req, res) => sendFixture(FIXTURES[name], new URLSearchParams(query), res));
  }

  async close() {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(req, res) {
    const { pathname, searchParams } = new URL(req.url, 'http://origin');
    const seen = { method: req.method, url: req.url, headers: req.headers };
    this.requests.push(seen);
    const handler = this.#handlers.get(pathname);
    if (handler) return handler(req, res);
    seen.body = await readBody(req);
    const [, folder, name] = pathname.split('/');
    if (searchParams.has('close')) {
      res.shouldKeepAlive = false;
      res.removeHeader('transfer-encoding'); // node: then the body ends with the connection
    }
    if (folder === 'stream' && FIXTURES[name]) return sendFixture(FIXTURES[name], searchParams, res);
    if (folder === 'npm') return sendBrowserModule(name, res);
    if (folder === 'page.html') return res.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
    res.writeHead(404).end();
  }

  #fail(res, error) {
    process.stderr.write(`origin: ${error.stack}\n`);
    res.destroy();
  }
}
