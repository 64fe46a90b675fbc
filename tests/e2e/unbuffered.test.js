// Un-buffered, without a clock: the origin sends an event only after the client has reported the one before. Whoever
// holds a byte back that he should let go makes this stand still.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import zlib from 'node:zlib';
import { request } from './lib/fidelity.js';
import { FIXTURES } from './lib/fixtures.js';
import { LANES, withBrowser } from './lib/lanes.js';
import { median } from './lib/median.js';
import { splitAtBlankLines } from './lib/sse.js';
import { Origin } from './origin.js';
import { Proxy } from './proxy.js';

const fixture = FIXTURES['anthropic-messages'];
const events = splitAtBlankLines(fixture.bytes).slice(0, 20);
const HEAD = { 'content-type': 'text/event-stream' };

// How an event gets to the socket.
const WRITERS = {
  'in one write': (res) => (event) => res.write(event),
  'in two writes, cut inside its blank line': (res) => (event) => {
    res.write(event.subarray(0, -1));
    setImmediate(() => res.write(event.subarray(-1)));
  },
  'in CR LF': (res) => (event) => res.write(event.toString().replaceAll('\n', '\r\n')),
  'gzip, flushed after each event': (res) => {
    const gzip = zlib.createGzip();
    gzip.pipe(res);
    return (event) => {
      gzip.write(event);
      gzip.flush(zlib.constants.Z_SYNC_FLUSH);
    };
  },
};

describe('no event waits for the next one', { concurrency: 4 }, () => {
  let origin, proxy;
  const streams = new Map(); // the client's end, by number: what the origin waits for
  const delays = new Map();
  let number = 0;

  withBrowser();
  before(async () => {
    origin = await Origin.start();
    origin.handle('/gated', sendGated);
    origin.handle('/head', sendHeadFirst);
    // A keep-alive would push a held head or event on: here nothing may.
    proxy = await Proxy.start(origin.url, '--keepalive', 'off', '--partial-flush', 'off');
  });
  after(async () => {
    await origin?.close();
    await proxy?.stop();
  });

  async function sendGated(req, res) {
    const query = new URL(req.url, origin.url).searchParams;
    const stream = streams.get(query.get('n'));
    const writer = query.get('writer');
    res.writeHead(200, { ...HEAD, ...(writer.startsWith('gzip') && { 'content-encoding': 'gzip' }) });
    const send = WRITERS[writer](res);
    for (const [i, event] of events.entries()) {
      const sent = Date.now();
      send(event);
      await stream.count(i + 1);
      delays.get(query.get('n')).push(stream.events[i].at - sent);
    }
    res.destroy();
  }

  // Nothing but the head until the client has opened.
  async function sendHeadFirst(req, res) {
    const stream = streams.get(new URL(req.url, origin.url).searchParams.get('n'));
    res.writeHead(200, HEAD).flushHeaders();
    await stream.until(() => stream.opens === 1, 'the head');
    res.end(events[0]);
  }

  function open(client, path) {
    const n = String(++number);
    delays.set(n, []);
    const stream = client.open(`${proxy.url}${path}n=${n}`, request(client, fixture));
    streams.set(n, stream);
    return { stream, delays: delays.get(n) };
  }

  for (const lane of Object.values(LANES)) {
    for (const writer of Object.keys(WRITERS)) {
      it(`${lane.name}: each event arrives before the next is sent, ${writer}`, { skip: lane.skip }, async (t) => {
        const { stream, delays } = open(lane.client(), `/gated?writer=${encodeURIComponent(writer)}&`);
        await stream.finished();
        assert.equal(stream.events.length, events.length);
        t.diagnostic(`from the origin's write to the client: median ${median(delays)} ms, most ${Math.max(...delays)} ms`);
      });
    }
    if (lane === LANES.curl) continue; // it prints no head
    it(`${lane.name}: opens before the first body byte is sent`, { skip: lane.skip }, async () => {
      const { stream } = open(lane.client(), '/head?');
      await stream.finished();
      assert.equal(stream.events.length, 1);
    });
  }
});
