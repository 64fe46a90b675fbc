// A deploy: SIGTERM comes while streams run. A GET can be opened again, so it ends cleanly between events; a POST is an
// answer, so it runs to its end.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FIXTURES } from './lib/fixtures.js';
import { curl } from './lib/lanes.js';
import { splitAtBlankLines } from './lib/sse.js';
import { Origin } from './origin.js';
import { Proxy } from './proxy.js';

const { bytes, body } = FIXTURES['openai-chat'];
const [first, ...rest] = splitAtBlankLines(bytes);

describe('drain', () => {
  let origin;
  before(async () => {
    origin = await Origin.start();
  });
  after(() => origin?.close());

  it('ends GET streams cleanly with a retry, lets POST streams finish, and exits with 0', async () => {
    let answerPost;
    origin.handle('/live', (req, res) => {
      if (req.method === 'POST') answerPost = res;
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write(first);
    });
    const proxy = await Proxy.start(origin.url, '--drain-timeout', '3s');
    const gets = Array.from({ length: 8 }, () => curl.open(`${proxy.url}/live`));
    const post = curl.open(`${proxy.url}/live`, { body });
    await Promise.all([...gets, post].map((stream) => stream.count(1)));

    const stopped = proxy.stop();
    stopped.catch(() => {}); // looked at below
    // The first of the GETs tells that the drain has begun; they end at moments spread over the 3 s.
    await Promise.race(gets.map((get) => get.finished()));
    assert.equal(post.ended, false);
    answerPost.end(Buffer.concat(rest));
    await post.finished();
    assert.equal(post.exitCode, 0);
    assert.equal(post.bytes.toString(), bytes.toString());

    for (const get of gets) {
      await get.finished();
      assert.equal(get.exitCode, 0);
      const text = get.bytes.toString();
      assert.ok(text.startsWith(first.toString()));
      assert.match(text.slice(first.length), /^retry: (1\d{3}|2\d{3}|3000)\n\n$/); // 0.5 to 1.5 times 2 s
    }
    await stopped;
  });
});
