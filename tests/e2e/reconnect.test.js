// Clients that come back: with their Last-Event-ID, and through a proxy whose app was away for a while.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { browserTest, LANES, withBrowser } from './lib/lanes.js';
import { Origin } from './origin.js';
import { Proxy } from './proxy.js';

const HEAD = { 'content-type': 'text/event-stream' };
// A loopback address of the origin's own: its port is still free when it comes back.
const ELSEWHERE = '127.0.0.37';

describe('reconnecting', () => {
  withBrowser();

  describe('Last-Event-ID', () => {
    let origin, proxy;
    before(async () => {
      origin = await Origin.start();
      proxy = await Proxy.start(origin.url);
    });
    after(async () => {
      await origin?.close();
      await proxy?.stop();
    });

    // Ends after each event, until the fourth request.
    function sendOneByOne(req, res) {
      const last = Number(/(\d+)$/.exec(req.headers['last-event-id'] ?? '0')[1]);
      res.writeHead(200, HEAD);
      if (last < 3) res.end(`retry: 20\nid: event-${last + 1}\ndata: ${last + 1}\n\n`);
      else res.flushHeaders(); // the last one stays open
    }

    for (const lane of [LANES.eventsource, LANES.chromium]) {
      it(`${lane.name} comes back with the id of the last event`, { skip: lane.skip }, async () => {
        const path = `/resume/${lane.name.split(' ')[0]}`;
        origin.handle(path, sendOneByOne);
        const stream = lane.client().open(proxy.url + path, { reconnect: true });
        await stream.until(() => stream.opens === 4, 'the fourth connection');
        await stream.close();
        assert.deepEqual(stream.events.map(({ data, id }) => [data, id]), [
          ['1', 'event-1'], ['2', 'event-2'], ['3', 'event-3'],
        ]);
        const sent = origin.requests.filter(({ url }) => url === path).map(({ headers }) => headers['last-event-id']);
        assert.deepEqual(sent, [undefined, 'event-1', 'event-2', 'event-3']);
      });
    }

    // npm's eventsource cannot: fetch takes Latin-1 only.
    it('Chromium comes back with an id in UTF-8', browserTest, async () => {
      origin.handle('/korean', (req, res) => {
        res.writeHead(200, HEAD);
        if (req.headers['last-event-id']) res.flushHeaders();
        else res.end('retry: 20\nid: 사건-7\ndata: x\n\n');
      });
      const stream = LANES.chromium.client().open(`${proxy.url}/korean`, { reconnect: true });
      await stream.until(() => stream.opens === 2, 'the second connection');
      await stream.close();
      const sent = origin.requests.findLast(({ url }) => url === '/korean').headers['last-event-id'];
      assert.equal(Buffer.from(sent, 'latin1').toString(), '사건-7');
    });
  });

  describe('an app that is away', () => {
    // Opens a stream, takes the app away, and hands both over.
    async function withAppAway(lane, flags, body) {
      const answer = (req, res) => res.writeHead(200, HEAD).write('retry: 50\ndata: here\n\n');
      let origin = await Origin.start({ host: ELSEWHERE });
      const { port, url } = origin;
      origin.handle('/live', answer);
      let proxy;
      try {
        proxy = await Proxy.start(url, ...flags);
        const stream = lane.client().open(`${proxy.url}/live`, { reconnect: true });
        await stream.count(1);
        await origin.close();
        origin = undefined;
        const bringBack = async () => {
          origin = await Origin.start({ host: ELSEWHERE, port });
          origin.handle('/live', answer);
        };
        await body(stream, bringBack);
        await stream.close();
      } finally {
        await origin?.close();
        await proxy?.stop();
      }
    }

    for (const lane of [LANES.eventsource, LANES.chromium]) {
      it(`${lane.name} gives up for good on a 502`, { skip: lane.skip }, () => withAppAway(lane, [], async (stream) => {
        await stream.finished();
        assert.equal(stream.opens, 1);
      }));

      it(`${lane.name} keeps trying with --retry-on-error, and is there again with the app`, { skip: lane.skip }, () => {
        return withAppAway(lane, ['--retry-on-error', '100ms'], async (stream, bringBack) => {
          await stream.until(() => stream.opens === 4, 'three more connections while the app is away');
          assert.equal(stream.events.length, 1);
          await bringBack();
          await stream.count(2);
          assert.equal(stream.ended, false);
          assert.deepEqual(stream.decoded().map(({ data }) => data), ['here', 'here']);
        });
      });
    }
  });
});
