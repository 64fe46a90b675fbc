// curl in its modes: what is no event stream passes as if the proxy were not there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import crypto from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { Proxy } from './proxy.js';

const MIB = 1 << 20;
const UPLOAD = 100 * MIB;
const DOWNLOAD = Number(process.env.DOWNLOAD_MIB ?? 1024) * MIB;
const FILE = crypto.createHash('sha256').update('a file').digest('hex').repeat(2000); // 128,000 bytes
const BLOCK = Buffer.alloc(MIB, 'a block of a large file\n');
const GZIPPED = zlib.gzipSync(FILE);
const BR = zlib.brotliCompressSync(FILE);

const sumOf = (mebibytes) => {
  const sum = crypto.createHash('sha256');
  for (let i = 0; i < mebibytes; i++) sum.update(BLOCK);
  return sum.digest('hex');
};

const ROUTES = {
  // Tells how the upload came, and its sum.
  'PUT /upload': async (req, res) => {
    const sum = crypto.createHash('sha256');
    for await (const part of req) sum.update(part);
    const { 'content-length': length, 'transfer-encoding': coding, expect } = req.headers;
    res.end(JSON.stringify({ length, coding, expect, sum: sum.digest('hex') }));
  },
  // Answers before the upload has ended, and reads no more of it.
  'PUT /too-large': (req, res) => res.writeHead(413, { connection: 'close' }).end('too large'),
  'GET /download': (req, res) => pipeline(Array(DOWNLOAD / MIB).fill(BLOCK), res.setHeader('content-length', DOWNLOAD)),
  'GET /file': (req, res) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range ?? '') ?? [];
    res.setHeader('etag', '"a file"').setHeader('accept-ranges', 'bytes');
    if (req.headers['if-none-match'] === '"a file"') return res.writeHead(304).end();
    if (!from) return res.setHeader('content-length', FILE.length).end(FILE);
    const part = FILE.slice(Number(from), Number(to) + 1);
    res.writeHead(206, { 'content-range': `bytes ${from}-${to}/${FILE.length}`, 'content-length': part.length }).end(part);
  },
  'GET /gzip': (req, res) => res.writeHead(200, { 'content-encoding': 'gzip', vary: 'accept-encoding' }).end(GZIPPED),
  'GET /br': (req, res) => res.writeHead(200, { 'content-encoding': 'br', 'content-length': BR.length }).end(BR),
  'GET /hints': (req, res) => res.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => res.end('page')),
  'GET /trailers': (req, res) => {
    res.writeHead(200, { trailer: 'x-sum' }).write('body');
    res.addTrailers({ 'x-sum': '4' });
    res.end();
  },
  'GET /cookies': (req, res) => res.writeHead(200, { 'set-cookie': ['z=1', 'a=2', 'z=3'], 'x-byte': 'caf\xe9' }).end(),
  'GET /no-content': (req, res) => res.writeHead(204).end(),
  'GET /head-of': (req, res) => res.end(JSON.stringify({ version: req.httpVersion, url: req.url })),
};

describe('curl', () => {
  let origin, direct, proxy, folder, memoryAtStart;
  before(async () => {
    origin = http.createServer((req, res) => {
      const method = req.method === 'HEAD' ? 'GET' : req.method;
      const route = ROUTES[`${method} ${req.url.split('?')[0]}`];
      if (!route) return res.writeHead(404).end();
      return route(req, res);
    });
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    direct = `http://127.0.0.1:${origin.address().port}`;
    proxy = await Proxy.start(direct);
    memoryAtStart = peakMemory();
    folder = mkdtempSync(path.join(tmpdir(), 'sse-proxy-'));
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await proxy?.stop();
    origin.closeAllConnections();
    origin.close();
  });

  const run = promisify(execFile);
  const curl = (base, target, ...args) => {
    return run('curl', ['-sS', '--max-time', '120', ...args, base + target], { encoding: 'latin1', maxBuffer: 16 * MIB });
  };

  // Direct and proxied have to say the same, but for the fields that belong to one connection. Fields are compared
  // by name in any case; those of the same name have to come in the same order.
  async function same(target, ...args) {
    const [there, here] = await Promise.all([direct, proxy.url].map(async (base) => {
      const file = path.join(folder, crypto.randomUUID());
      const { stdout } = await curl(base, target, ...args, '-D', file);
      const lines = readFileSync(file, 'latin1').split('\r\n').map((line) => line.replace(/^[^:]+(?=:)/, (name) => name.toLowerCase()));
      const kept = lines.filter((line) => !/^(date|connection|keep-alive):/.test(line));
      const name = (line) => line.split(':')[0];
      return { head: kept.sort((a, b) => name(a).localeCompare(name(b))).join('\n'), body: stdout };
    }));
    assert.equal(here.head, there.head);
    assert.ok(here.body === there.body, 'the bodies differ');
    return here;
  }

  function peakMemory() {
    const status = readFileSync(`/proc/${proxy.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)[1]) * 1024;
  }

  function expectNoGrowth(t) {
    const grown = peakMemory() - memoryAtStart;
    t.diagnostic(`${(grown / 1024).toFixed(0)} KiB more than at the start, at the peak`);
    if (!/san/.test(process.env.SSE_PROXY_BINARY ?? '')) assert.ok(grown < 2 * MIB);
  }

  function upload() {
    const file = path.join(folder, 'upload');
    writeFileSync(file, Buffer.concat(Array(UPLOAD / MIB).fill(BLOCK)));
    return file;
  }

  it('uploads 100 MiB, with a length and in chunks, and the proxy does not grow', async (t) => {
    const file = upload();
    const sum = sumOf(UPLOAD / MIB);
    const plain = JSON.parse((await curl(proxy.url, '/upload', '-T', file)).stdout);
    assert.deepEqual(plain, { length: String(UPLOAD), expect: '100-continue', sum });
    const chunked = await curl(proxy.url, '/upload', '-T', file, '-H', 'Transfer-Encoding: chunked');
    assert.deepEqual(JSON.parse(chunked.stdout), { coding: 'chunked', expect: '100-continue', sum });
    expectNoGrowth(t);
  });

  it('an answer that comes before the upload has ended reaches curl', async () => {
    for (let i = 0; i < 10; i++) {
      const { stdout } = await curl(proxy.url, '/too-large', '-T', path.join(folder, 'upload'), '-H', 'Expect:', '-w', ' %{http_code}');
      assert.equal(stdout, 'too large 413');
    }
  });

  it('Expect: 100-continue reaches the app, and its answer curl', async () => {
    const file = path.join(folder, 'small');
    writeFileSync(file, 'small');
    const args = ['-T', file, '-v', '-H', 'Expect: 100-continue', '--expect100-timeout', '20'];
    const { stderr } = await curl(proxy.url, '/upload', ...args);
    assert.match(stderr, /< HTTP\/1.1 100 Continue/i);
  });

  it(`downloads ${DOWNLOAD / MIB} MiB, and the proxy does not grow`, async (t) => {
    const start = performance.now();
    const { stdout } = await run('sh', ['-c', 'curl -sS --max-time 120 "$0" | sha256sum', `${proxy.url}/download`]);
    const seconds = (performance.now() - start) / 1000;
    assert.equal(stdout.split(' ')[0], sumOf(DOWNLOAD / MIB));
    t.diagnostic(`${(DOWNLOAD / MIB / seconds).toFixed(0)} MiB/s`);
    expectNoGrowth(t);
  });

  it('ranges', async () => {
    const { head, body } = await same('/file', '-r', '100-199');
    assert.match(head, /^HTTP\/1.1 206 /m);
    assert.equal(body, FILE.slice(100, 200));
  });

  it('HEAD, 204, 304 and 404', async () => {
    assert.match((await same('/file', '-I', '-o', '/dev/null')).head, /^content-length: 128000$/m);
    assert.match((await same('/no-content')).head, /^HTTP\/1.1 204 /m);
    assert.match((await same('/file', '-H', 'If-None-Match: "a file"')).head, /^HTTP\/1.1 304 /m);
    assert.match((await same('/nowhere')).head, /^HTTP\/1.1 404 /m);
  });

  it('compressed bodies, byte for byte', async () => {
    assert.ok((await same('/gzip', '-H', 'Accept-Encoding: gzip')).body === GZIPPED.toString('latin1'));
    assert.ok((await same('/br', '-H', 'Accept-Encoding: br')).body === BR.toString('latin1'));
  });

  it('HTTP/1.0', async () => {
    assert.ok((await same('/file', '--http1.0')).body === FILE);
    const { stdout } = await curl(proxy.url, '/gzip', '--http1.0', '--compressed');
    assert.ok(stdout === FILE);
  });

  it('early hints', async () => {
    assert.match((await same('/hints')).head, /^HTTP\/1.1 103 Early Hints\n[^]*link: <\/a.css>; rel=preload/m);
  });

  it('trailers', async () => {
    assert.match((await same('/trailers', '--raw')).body, /\r\n0\r\nx-sum: 4\r\n\r\n$/i);
  });

  it('repeated Set-Cookie in order, and a byte that is not ASCII', async () => {
    const { head } = await same('/cookies');
    assert.deepEqual(head.match(/^set-cookie: .*$/gm), ['set-cookie: z=1', 'set-cookie: a=2', 'set-cookie: z=3']);
    assert.match(head, /^x-byte: caf\xe9$/m);
  });

  it('a long target, as it is', async () => {
    const target = `/head-of?${'%E2%82%AC&q=a+b//../'.repeat(700)}`;
    const { stdout } = await curl(proxy.url, target, '--path-as-is');
    assert.equal(JSON.parse(stdout).url, target);
  });

  it('many files over one connection', async () => {
    const urls = Array.from({ length: 50 }, () => `${proxy.url}/file`);
    const { stdout } = await run('curl', ['-sS', '-w', '%{num_connects}\n', ...urls.flatMap((url) => ['-o', '/dev/null', url])]);
    assert.equal(stdout.trim().split('\n').map(Number).reduce((a, b) => a + b), 1);
  });
});
