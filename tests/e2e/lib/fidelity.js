// Every recorded stream, in every way of sending it: what a client decodes direct, what it decodes through the
// proxy, and what there is to decode are the same.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Origin } from '../origin.js';
import { Proxy } from '../proxy.js';
import { FIXTURES } from './fixtures.js';
import { decode } from './sse.js';

const MODES = {
  'in whole events': '',
  'cut at random': 'split=1',
  'cut at random otherwise': 'split=2',
  'gzip, unasked': 'gzip=1',
  'gzip, cut at random': 'gzip=1&split=3',
  'ended by the connection, cut at random': 'close=1&split=4',
};

export function expectedEvents(client, fixture) {
  return decode(fixture.bytes, { idPerEvent: client.idPerEvent });
}

// How `client` asks for `fixture`: by POST where an SDK would and the client can.
export function request(client, fixture) {
  return { types: fixture.types, body: client.posts ? fixture.body : undefined };
}

async function compare(client, fixture, query, origin, proxy) {
  const path = `/stream/${fixture.name}?${query}`;
  const how = request(client, fixture);
  const [direct, proxied] = [
    client.open(origin.url + path, { ...how, ...client.direct }),
    client.open(proxy.url + path, how),
  ];
  await Promise.all([direct.finished(), proxied.finished()]);
  assert.deepEqual(proxied.decoded(), direct.decoded(), 'proxied and direct differ');
  if (!(client.grammarOfItsOwn && fixture.name === 'grammar')) {
    assert.deepEqual(direct.decoded(), expectedEvents(client, fixture), 'direct differs from what was sent');
  }
  if (proxied.bytes) {
    assert.equal(proxied.exitCode, 0);
    assert.equal(proxied.bytes.toString('latin1'), fixture.bytes.toString('latin1'), 'not byte for byte');
  }
}

export function describeFidelity({ name, client, skip }, concurrency) {
  describe(`${name}: the same events direct and proxied`, { skip, concurrency }, () => {
    let origin, proxy;
    before(async () => {
      origin = await Origin.start();
      // No keep-alives: on a machine that stalls one might come, and be reported by fetch-event-source.
      proxy = await Proxy.start(origin.url, '--keepalive', 'off');
    });
    after(async () => {
      await origin?.close();
      await proxy?.stop();
    });
    for (const fixture of Object.values(FIXTURES)) {
      for (const [mode, query] of Object.entries(MODES)) {
        it(`${fixture.name}, ${mode}`, () => compare(client(), fixture, query, origin, proxy));
      }
    }
  });
}
