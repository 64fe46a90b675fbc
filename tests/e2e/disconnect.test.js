// Who leaves is gone at once on the other side too: an app must stop generating, and a client must not take half
// an answer for a whole one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import zlib from 'node:zlib';
import { FIXTURES } from './lib/fixtures.js';
import { curl, getBrowser, browserTest, LANES, withBrowser } from './lib/lanes.js';
import { median } from './lib/median.js';
import { splitAtBlankLines } from './lib/sse.js';
import { Tap } from './lib/tap.js';
import { within } from './lib/within.js';
import { Origin } from './origin.js';
import { Proxy } from './proxy.js';

const TIMES = 5;
const HEAD = { 'content-type': 'text/event-stream' };
const { body, bytes } = FIXTURES['openai-chat'];
const [first, second, third] = splitAtBlankLines(bytes);
const half = third.subarray(0, third.length / 2);
const whole = Buffer.concat([first, second]);

describe('disconnects', () => {
  let origin, proxy, tap;
  withBrowser();
  before(async () => {
    origin = await Origin.start();
    proxy = await Proxy.start(origin.url);
    tap = await Tap.start(proxy.port);
  });
  after(async () => {
    tap?.close();
    await origin?.close();
    await proxy?.stop();
  });

  // Answers `path` with `begin(res)` once; resolves when the request has come, with when its connection was lost.
  function expectRequest(path, begin) {
    const come = new Promise((resolve) => {
      origin.handle(path, (req, res) => {
        const lost = once(res, 'close').then(() => performance.now());
        begin(res);
        resolve({ lost });
      });
    });
    return within(10_000, come, `a request for ${path}`);
  }

  // How long the origin's connection outlives the client's.
  async function measure(lane, path, { begin, count, how, leave }) {
    const request = expectRequest(path, begin);
    const left = tap.left(path);
    const stream = lane.client().open(tap.url + path, how);
    const { lost } = await request;
    await stream.count(count);
    await (leave ? leave() : stream.close());
    const at = await within(5000, lost, 'the origin to lose its connection');
    return at - await within(5000, left, 'the client to leave');
  }

  async function expectPrompt(t, lane, path, options) {
    const times = [];
    for (let i = 0; i < TIMES; i++) times.push(await measure(lane, path, options));
    const told = `the origin saw it after ${times.map((time) => time.toFixed(1)).join(', ')} ms`;
    t.diagnostic(told);
    assert.ok(median(times) <= 50, told);
  }

  const streaming = (res) => res.writeHead(200, HEAD).write(first);
  for (const lane of Object.values(LANES)) {
    it(`${lane.name} leaves in the middle: the origin sees it within 50 ms`, { skip: lane.skip }, (t) => {
      return expectPrompt(t, lane, '/streaming', { begin: streaming, count: 1 });
    });
    it(`${lane.name} leaves before the first byte of the answer: the same`, { skip: lane.skip }, (t) => {
      return expectPrompt(t, lane, '/thinking', { begin: () => {}, count: 0 });
    });
  }

  it('curl leaves a POST before the first byte of the answer: the same', (t) => {
    return expectPrompt(t, LANES.curl, '/thinking', { begin: () => {}, count: 0, how: { body } });
  });

  it('a tab is closed: the origin sees it within 50 ms', browserTest, (t) => {
    const leave = () => getBrowser().closeTab(tap.url);
    return expectPrompt(t, LANES.chromium, '/streaming', { begin: streaming, count: 1, leave });
  });

  // Ways to die after two events and a half, each after the client has both.
  const DEATHS = {
    'closed without a last chunk': (res) => res.socket.destroy(),
    reset: (res) => res.socket.resetAndDestroy(),
    'closed short of its Content-Length': Object.assign((res) => res.socket.destroy(), {
      head: { 'content-length': bytes.length },
    }),
  };

  async function die(client, path, kill, how) {
    const streaming = new Promise((resolve) => {
      origin.handle(path, (req, res) => {
        res.writeHead(200, { ...HEAD, ...kill.head }).write(Buffer.concat([whole, half]));
        resolve(res);
      });
    });
    const stream = client.open(proxy.url + path, how);
    const res = await within(10_000, streaming, 'the request');
    await stream.count(2);
    kill(res);
    return stream.finished();
  }

  for (const [name, kill] of Object.entries(DEATHS)) {
    it(`the upstream dies mid-event, ${name}: curl exits 18 with all that had come`, async () => {
      const stream = await die(curl, '/dies', kill);
      assert.equal(stream.exitCode, 18);
      assert.equal(stream.bytes.toString(), whole + half);
    });

    it(`the same, ${name}: an HTTP/1.0 client sees a reset`, async () => {
      const stream = await die(curl, '/dies', kill, { args: ['--http1.0'] });
      assert.equal(stream.exitCode, 56);
      assert.equal(stream.bytes.toString(), whole + half);
    });
  }

  for (const lane of Object.values(LANES)) {
    it(`the upstream dies mid-event: ${lane.name} is told, and has no third event`, { skip: lane.skip }, async () => {
      const stream = await die(lane.client(), '/dies', DEATHS['closed without a last chunk']);
      assert.equal(stream.errors, 1);
      assert.equal(stream.events.length, 2);
    });
  }

  it('a gzip stream that ends short is no clean end', async () => {
    origin.handle('/short', (req, res) => {
      const gzip = zlib.gzipSync(whole, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
      res.writeHead(200, { ...HEAD, 'content-encoding': 'gzip' }).end(gzip);
    });
    const stream = await curl.open(`${proxy.url}/short`).finished();
    assert.equal(stream.exitCode, 18);
    assert.equal(stream.bytes.toString(), whole.toString());
  });

  for (const args of [[], ['--http1.0']]) {
    it(`a clean end is a clean end, half an event before it or not ${args}`, async () => {
      origin.handle('/ends', (req, res) => res.writeHead(200, HEAD).end(Buffer.concat([whole, half])));
      const stream = await curl.open(`${proxy.url}/ends`, { args }).finished();
      assert.equal(stream.exitCode, 0);
      assert.equal(stream.bytes.toString(), whole + half);
    });
  }
});
