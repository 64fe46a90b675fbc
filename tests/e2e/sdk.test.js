// The services' own SDKs, reading their services' streams: what they hand to a program is the same direct and
// through the proxy, an answer that breaks off is an error, and a program that has enough stops the model.
import Anthropic from '@anthropic-ai/sdk';
import { DefaultChatTransport, readUIMessageStream } from 'ai';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { FIXTURES } from './lib/fixtures.js';
import { splitAtBlankLines } from './lib/sse.js';
import { within } from './lib/within.js';
import { Origin } from './origin.js';
import { Proxy } from './proxy.js';

const MODES = { 'cut at random': 'split=5', 'gzip, cut at random': 'gzip=1&split=6' };
const settings = { apiKey: 'none', maxRetries: 0 };
const ask = (content) => [{ role: 'user', content }];
const openai = (base) => new OpenAI({ ...settings, baseURL: `${base}/v1` });
const anthropic = (base) => new Anthropic({ ...settings, baseURL: base });

async function collect(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

const jsonEvents = (name) => {
  return FIXTURES[name].events.filter(({ data }) => data !== '[DONE]').map(({ data }) => JSON.parse(data));
};

async function readUiMessage(base) {
  const transport = new DefaultChatTransport({ api: `${base}/api/chat` });
  const stream = await transport.sendMessages({ chatId: 'chat-1', trigger: 'submit-message', messages: [] });
  const [chunks, forMessage] = stream.tee();
  const [list, states] = await Promise.all([collect(chunks), collect(readUIMessageStream({ stream: forMessage }))]);
  return { chunks: list, message: states.at(-1) };
}

// `read(base)` is what a program does; `check` says that it got what the stream holds.
const SDKS = [
  {
    name: 'openai, chat completions',
    path: '/v1/chat/completions',
    fixture: 'openai-chat',
    read: async (base) => {
      return collect(await openai(base).chat.completions.create({ model: 'm', stream: true, messages: ask('?') }));
    },
    check(chunks) {
      assert.deepEqual(chunks, jsonEvents('openai-chat'));
      const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta));
      assert.match(deltas.map(({ content }) => content ?? '').join(''), /^Server-Sent Events .* — naïve .* 🚀$/s);
    },
  },
  {
    name: 'openai, responses',
    path: '/v1/responses',
    fixture: 'openai-responses',
    read: async (base) => {
      const stream = openai(base).responses.stream({ model: 'm', input: '?' });
      const events = await collect(stream);
      return { events: events.map(({ type }) => type), response: await stream.finalResponse() };
    },
    check({ events, response }) {
      assert.deepEqual(events, jsonEvents('openai-responses').map(({ type }) => type));
      assert.equal(response.output_text, 'Let me look up the weather in Seoul (서울) for you… ☂️');
      assert.equal(response.output[2].arguments, '{"location":"서울","unit":"c"}');
    },
  },
  {
    name: '@anthropic-ai/sdk, messages',
    path: '/v1/messages',
    fixture: 'anthropic-messages',
    read: (base) => {
      return anthropic(base).messages.stream({ model: 'm', max_tokens: 99, messages: ask('?') }).finalMessage();
    },
    check({ content, stop_reason }) {
      assert.equal(stop_reason, 'tool_use');
      assert.match(content[1].text, /^안녕하세요! .*👨‍👩‍👧‍👦 가족.*👍🏽$/s);
      assert.deepEqual(content[2].input, { location: '부산, KR', unit: 'celsius' });
    },
  },
  {
    name: 'ai, UI message stream',
    path: '/api/chat',
    fixture: 'vercel-ai-sdk',
    read: readUiMessage,
    check({ chunks, message }) {
      assert.deepEqual(chunks, jsonEvents('vercel-ai-sdk'));
      assert.match(message.parts.findLast(({ type }) => type === 'text').text, /^In São Paulo: 27°C with thunder ⛈️/);
    },
  },
];

describe('SDKs', () => {
  let origin, proxy;
  before(async () => {
    origin = await Origin.start();
    proxy = await Proxy.start(origin.url);
  });
  after(async () => {
    await origin?.close();
    await proxy?.stop();
  });

  for (const { name, path, fixture, read, check } of SDKS) {
    for (const [mode, query] of Object.entries(MODES)) {
      it(`${name}: the same direct and proxied, ${mode}`, async () => {
        origin.serve(path, fixture, query);
        const [direct, proxied] = await within(20_000, Promise.all([read(origin.url), read(proxy.url)]), 'both');
        check(proxied);
        check(direct);
        // Some SDKs hand over the response with what they read: what was read is compared.
        assert.deepEqual(JSON.parse(JSON.stringify(proxied)), JSON.parse(JSON.stringify(direct)));
      });
    }

    it(`${name}: an answer that breaks off is an error`, async () => {
      const pieces = splitAtBlankLines(FIXTURES[fixture].bytes);
      origin.handle(path, (req, res) => {
        res.writeHead(200, FIXTURES[fixture].headers);
        res.write(Buffer.concat(pieces.slice(0, 5)), () => res.socket.destroy());
      });
      await assert.rejects(within(20_000, read(proxy.url), 'the error'));
    });
  }

  // The loop's `break` is how programs stop a model.
  const STOPPERS = {
    openai: ['/v1/chat/completions', (base) => {
      return openai(base).chat.completions.create({ model: 'm', stream: true, messages: ask('?') });
    }],
    '@anthropic-ai/sdk': ['/v1/messages', (base) => {
      return anthropic(base).messages.create({ model: 'm', max_tokens: 99, stream: true, messages: ask('?') });
    }],
  };
  for (const [name, [path, start]] of Object.entries(STOPPERS)) {
    it(`${name}: a program that breaks out of its loop stops the model`, async () => {
      const fixture = path.endsWith('messages') ? FIXTURES['anthropic-messages'] : FIXTURES['openai-chat'];
      let lost;
      origin.handle(path, (req, res) => {
        lost = once(res, 'close');
        res.writeHead(200, fixture.headers).write(splitAtBlankLines(fixture.bytes)[0]);
      });
      for await (const chunk of await start(proxy.url)) {
        assert.ok(chunk);
        break;
      }
      await within(2000, lost, 'the origin to lose its connection');
    });
  }
});
