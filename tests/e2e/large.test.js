// Far more than any buffer: thousands of events, and one larger than the proxy may hold (1 MiB).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import zlib from 'node:zlib';
import { LANES, withBrowser } from './lib/lanes.js';
import { decode } from './lib/sse.js';
import { Origin } from './origin.js';
import { Proxy } from './proxy.js';

const small = (i) => `id: ${i}\ndata: {"n":${i},"text":"${'서버에서 보낸 이벤트 '.repeat(i % 7)}"}\n\n`;
const many = (from, to) => Array.from({ length: to - from }, (_, i) => small(from + i)).join('');
const huge = `id: huge\n${`data: ${'가나다라마바사 '.repeat(300)}\n`.repeat(200)}\n`; // 1.3 MB in 200 lines
const bytes = Buffer.from(many(0, 1000) + huge + many(1000, 2000));
const expected = decode(bytes);

describe('a large stream', { concurrency: 3 }, () => {
  let origin, proxy;
  withBrowser();
  before(async () => {
    origin = await Origin.start();
    const head = { 'content-type': 'text/event-stream' };
    const gzipped = zlib.gzipSync(bytes);
    origin.handle('/plain', (req, res) => res.writeHead(200, head).end(bytes));
    origin.handle('/gzip', (req, res) => res.writeHead(200, { ...head, 'content-encoding': 'gzip' }).end(gzipped));
    proxy = await Proxy.start(origin.url);
  });
  after(async () => {
    await origin?.close();
    await proxy?.stop();
  });

  // assert.deepEqual would print megabytes.
  function firstDifference(events) {
    return expected.findIndex(({ type, data, id }, i) => {
      const event = events[i];
      return event?.type !== type || event.data !== data || event.id !== id;
    });
  }

  for (const { name, client, skip } of Object.values(LANES)) {
    for (const path of ['/plain', '/gzip']) {
      it(`${name}: every event of ${path}`, { skip }, async () => {
        const stream = await client().open(proxy.url + path).finished();
        assert.equal(stream.events.length, expected.length);
        assert.equal(firstDifference(stream.events), -1);
        if (stream.bytes) assert.equal(stream.bytes.compare(bytes), 0);
      });
    }
  }
});
