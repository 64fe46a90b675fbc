// Silence. The proxy fills it with keep-alives, and no client's events change by that, wherever the silence falls.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { expectedEvents, request } from './lib/fidelity.js';
import { FIXTURES } from './lib/fixtures.js';
import { curl, LANES, withBrowser } from './lib/lanes.js';
import { Origin } from './origin.js';
import { Proxy } from './proxy.js';

const KEEPALIVE = ['--keepalive', '300ms'];
const MARK = '\xef\xbb\xbf';
const ALL = Object.values(LANES);
const fixture = FIXTURES['anthropic-messages']; // ends its lines in LF, has types and characters of every length
const middle = fixture.bytes.indexOf('\n\n', fixture.bytes.length / 2) + 2;
const insideCharacter = fixture.bytes.indexOf('안') + 1;

// Sends `bytes` with a silence at each of `places`.
function sendWithSilences(bytes, places, milliseconds) {
  return async (req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.flushHeaders();
    let start = 0;
    for (const place of places) {
      if (place > start) res.write(bytes.subarray(start, place));
      start = place;
      await delay(milliseconds);
    }
    res.end(bytes.subarray(start));
  };
}

// fetch-event-source takes the blank line after a comment for a message.
const isEvent = ({ data }) => data !== '';

async function expectSameEvents({ client }, proxy, path, sent = fixture) {
  const stream = await client().open(proxy.url + path, request(client(), sent)).finished();
  assert.deepEqual(stream.decoded().filter(isEvent), expectedEvents(client(), sent).filter(isEvent));
  return stream;
}

function describeWithProxy(name, flags, body) {
  describe(name, { concurrency: ALL.length + 1 }, () => {
    const at = {};
    before(async () => {
      at.origin = await Origin.start();
      at.origin.handle('/twice', sendWithSilences(fixture.bytes, [insideCharacter, middle], 1250));
      at.origin.handle('/inside', sendWithSilences(fixture.bytes, [middle - 1, middle + 40, middle + 45], 700));
      at.origin.handle('/mark', sendWithSilences(FIXTURES.grammar.bytes, [0, 1, 3], 800));
      at.proxy = await Proxy.start(at.origin.url, ...KEEPALIVE, ...flags);
    });
    after(async () => {
      await at.origin?.close();
      await at.proxy?.stop();
    });
    body(at);
  });
}

// With the injected text taken out, the bytes are those that were sent. Two silences of 1250 ms, a keep-alive every
// 270 to 300 ms: 8 of them, fewer or more where the machine stalls one end or the other. How many on time, tests with a
// clock of their own say.
async function expectInjected(proxy, text) {
  const start = Date.now();
  const stream = await curl.open(`${proxy.url}/twice`).finished();
  const parts = stream.bytes.toString('latin1').split(text);
  const times = parts.length - 1;
  const most = (Date.now() - start) / 270;
  assert.ok(times >= 2 && times <= most, `${times} keep-alives in 2.5 s`);
  assert.equal(parts.join(''), fixture.bytes.toString('latin1'));
}

describe('keep-alives', { concurrency: 5 }, () => {
  withBrowser();

  describeWithProxy('as comments, in 2.5 s of silence', [], (at) => {
    for (const lane of ALL) {
      it(`${lane.name}: the same events`, { skip: lane.skip }, () => expectSameEvents(lane, at.proxy, '/twice'));
    }
    it('on the wire: comments between events, and nothing else', () => expectInjected(at.proxy, ': keep-alive\n\n'));
  });

  describeWithProxy('without their blank line', ['--keepalive-form', 'line'], (at) => {
    for (const lane of ALL) {
      it(`${lane.name}: the same events`, { skip: lane.skip }, () => expectSameEvents(lane, at.proxy, '/twice'));
    }
    for (const lane of [LANES.fetchEventSource, LANES.chromiumFetchEventSource]) {
      it(`${lane.name}: no empty message`, { skip: lane.skip }, async () => {
        const { events } = await expectSameEvents(lane, at.proxy, '/twice');
        assert.equal(events.filter(({ data }) => data === '').length, 0);
      });
    }
    it('on the wire: comment lines between events, and nothing else', () => expectInjected(at.proxy, ': keep-alive\n'));
  });

  describeWithProxy('as a named event', ['--keepalive-event', 'alive'], (at) => {
    // EventSource clients don't listen to it.
    for (const lane of [LANES.eventsource, LANES.chromium]) {
      it(`${lane.name}: the same events`, { skip: lane.skip }, () => expectSameEvents(lane, at.proxy, '/twice'));
    }
    it('on the wire: named events between events, and nothing else', () => {
      return expectInjected(at.proxy, 'event: alive\ndata: {}\n\n');
    });
  });

  // Half an event is let go after 300 ms; the comments inside it must not end it.
  describeWithProxy('inside an event that was let go in parts', ['--partial-flush', '300ms'], (at) => {
    for (const lane of ALL) {
      it(`${lane.name}: the same events`, { skip: lane.skip }, () => expectSameEvents(lane, at.proxy, '/inside'));
    }
  });

  // A mark that comes after a comment would be data: it has to go. The silences cut it in two as well.
  describeWithProxy('before a byte-order mark', ['--first-keepalive', '300ms'], (at) => {
    for (const lane of [LANES.curl, LANES.eventsource, LANES.chromium]) {
      it(`${lane.name}: the same events`, { skip: lane.skip }, () => {
        return expectSameEvents(lane, at.proxy, '/mark', FIXTURES.grammar);
      });
    }
    it('on the wire: the mark alone is gone', async () => {
      const { bytes } = await curl.open(`${at.proxy.url}/mark`).finished();
      const sent = FIXTURES.grammar.bytes.toString('latin1');
      assert.ok(sent.startsWith(MARK));
      assert.match(bytes.toString('latin1'), /^: keep-alive\n\n/);
      assert.equal(bytes.toString('latin1').replaceAll(': keep-alive\n\n', ''), sent.slice(MARK.length));
    });
  });
});
