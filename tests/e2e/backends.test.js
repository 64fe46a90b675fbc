// The servers that apps really run on: what a client gets of them through the proxy is what it gets direct.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import * as curl from './clients/curl.js';
import { Program } from './lib/program.js';
import { Proxy } from './proxy.js';

const UPLOAD = Buffer.alloc(3_000_000, 'an upload, ');
const BACKENDS = {
  'gunicorn (WSGI, sync worker)': ['gunicorn', '--bind', '127.0.0.1:0', '--chdir', 'backends', 'wsgi:app'],
  'uvicorn (ASGI)': ['uvicorn', '--host', '127.0.0.1', '--port', '0', '--app-dir', 'backends', 'asgi:app'],
  'Express with compression': [process.execPath, 'backends/express.js'],
  "Python's http.server (HTTP/1.0)": ['python3', 'backends/http_server.py'],
};

// As a browser asks; the body as it came, not decoded.
function ask(url, { body, ...headers } = {}) {
  return new Promise((resolve, reject) => {
    const req = http.request(url, { method: body ? 'POST' : 'GET', headers: { 'accept-encoding': 'gzip', ...headers } });
    req.on('error', reject).on('response', async (res) => {
      const parts = [];
      try {
        for await (const part of res) parts.push(part);
      } catch (error) {
        reject(error);
      }
      resolve({ status: res.statusCode, headers: res.headers, raw: res.rawHeaders, body: Buffer.concat(parts) });
    });
    req.end(body);
  });
}

// What belongs to the message and not to one of its two connections.
function fieldsOf({ headers }) {
  const { date, connection, 'keep-alive': _, 'transfer-encoding': __, ...fields } = headers;
  return fields;
}

for (const [name, [command, ...args]] of Object.entries(BACKENDS)) {
  describe(name, () => {
    let backend, proxy;
    before(async () => {
      backend = await Program.start(command, args);
      proxy = await Proxy.start(backend.url);
    });
    after(async () => {
      await proxy?.stop();
      await backend?.stop();
    });

    async function compare(path, options) {
      const direct = await ask(backend.url + path, options);
      const proxied = await ask(proxy.url + path, options);
      assert.equal(proxied.status, direct.status);
      assert.deepEqual(fieldsOf(proxied), fieldsOf(direct));
      assert.ok(proxied.body.equals(direct.body), 'the bodies differ');
      return proxied;
    }

    it('a page, with its cookies in order', async () => {
      const page = await compare('/');
      assert.equal(page.status, 200);
      assert.deepEqual(page.headers['set-cookie'], ['a=1', 'b=2']);
    });

    it('a POST with 3 MB', async () => {
      const { headers } = await compare('/echo', { body: UPLOAD });
      assert.equal(headers['x-length'], String(UPLOAD.length));
    });

    it('a download of 4 MiB', async () => {
      const { body } = await compare('/download');
      assert.equal(body.length, 4 << 20);
    });

    it('twenty requests at once, twice', async () => {
      for (let i = 0; i < 2; i++) await Promise.all(Array.from({ length: 20 }, () => compare('/')));
    });

    it('an event stream, event by event', async () => {
      const direct = await curl.open(`${backend.url}/events`, curl.direct).finished();
      const stream = curl.open(`${proxy.url}/events`, { headers: { accept: 'text/event-stream' } });
      const times = [];
      for (let i = 1; i <= 5; i++) {
        await stream.count(i);
        times.push(performance.now());
      }
      await stream.finished();
      assert.equal(stream.exitCode, 0);
      assert.deepEqual(stream.decoded(), direct.decoded());
      assert.equal(stream.events.length, 5);
      assert.ok(times[4] - times[0] >= 150, 'they came 100 ms apart, not in one lump');
    });
  });
}
