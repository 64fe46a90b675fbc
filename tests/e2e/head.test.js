// The heads: what the proxy changes on an event stream's response, what it leaves, and what the app is asked.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FIXTURES } from './lib/fixtures.js';
import { curl, eventsource, fetchEventSource, LANES, withBrowser } from './lib/lanes.js';
import { decode } from './lib/sse.js';
import { Origin } from './origin.js';
import { Proxy } from './proxy.js';

describe('heads', () => {
  let origin, proxy;
  withBrowser();
  before(async () => {
    origin = await Origin.start();
    proxy = await Proxy.start(origin.url);
    origin.handle('/upper', (req, res) => {
      res.writeHead(200, { 'content-type': 'Text/Event-Stream;Charset=UTF-8' }).end('data: x\n\n');
    });
  });
  after(async () => {
    await origin?.close();
    await proxy?.stop();
  });

  for (const { name, body, headers, events } of Object.values(FIXTURES)) {
    it(`${name}: the proxy's fields are set and the service's are kept`, async () => {
      const response = await fetch(`${proxy.url}/stream/${name}?gzip=1`, { method: body ? 'POST' : 'GET', body });
      const field = (field) => response.headers.get(field);
      assert.equal(field('x-accel-buffering'), 'no');
      assert.match(field('cache-control'), /no-cache/);
      assert.match(field('cache-control'), /no-transform/);
      assert.equal(field('content-encoding'), null);
      assert.equal(field('content-length'), null);
      const changed = ['cache-control', 'x-accel-buffering'];
      for (const [key, value] of Object.entries(headers)) if (!changed.includes(key)) assert.equal(field(key), value);
      assert.deepEqual(decode(Buffer.from(await response.arrayBuffer())), events);
    });
  }

  it('the body of a POST reaches the app as it was sent, and no compression is asked for', async () => {
    const { body, events } = FIXTURES['anthropic-messages'];
    for (const client of [curl, fetchEventSource]) {
      const stream = client.open(`${proxy.url}/stream/anthropic-messages?${client.name}`, { body });
      await stream.finished();
      assert.equal(stream.events.length, events.length);
      const seen = origin.requests.find(({ url }) => url.endsWith(`?${client.name}`));
      assert.equal(seen.method, 'POST');
      assert.equal(seen.body, body);
      assert.equal(seen.headers['accept-encoding'], undefined, client.name);
    }
  });

  // They compare the media type literally; the proxy writes it in lower case.
  for (const client of [eventsource, fetchEventSource]) {
    it(`${client.name} refuses Text/Event-Stream direct and takes it through the proxy`, async () => {
      const direct = await client.open(`${origin.url}/upper`).finished();
      const proxied = await client.open(`${proxy.url}/upper`).finished();
      assert.deepEqual([direct.opens, proxied.opens], [0, 1]);
      assert.deepEqual(proxied.decoded(), [{ type: 'message', data: 'x', id: '' }]);
    });
  }

  const { name, client, skip } = LANES.chromium;
  it(`${name} takes Text/Event-Stream either way`, { skip }, async () => {
    for (const { url } of [origin, proxy]) {
      const stream = await client().open(`${url}/upper`).finished();
      assert.deepEqual(stream.decoded(), [{ type: 'message', data: 'x', id: '' }]);
    }
  });

  it('what is no event stream passes untouched, its coding too', async () => {
    const page = await curl.open(`${proxy.url}/page.html`).finished();
    const direct = await curl.open(`${origin.url}/page.html`).finished();
    assert.equal(page.bytes.toString(), direct.bytes.toString());
    assert.match(page.bytes.toString(), /^<!doctype html>/);
  });
});
