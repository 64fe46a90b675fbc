// The stream shapes that real services send, each with the response head and the request that go with it.
// The bodies are written from the services' public formats: tests/e2e/README.md says which.
import { readFileSync } from 'node:fs';
import { decode } from './sse.js';

function fixture(name, { headers = {}, request } = {}) {
  const bytes = readFileSync(new URL(`../fixtures/${name}.sse`, import.meta.url));
  return {
    name,
    bytes,
    events: decode(bytes),
    types: [...new Set(decode(bytes).map(({ type }) => type))],
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', ...headers },
    // What an SDK would POST to get this stream; without it the stream is a GET for everybody.
    body: request && JSON.stringify(request),
  };
}

const ask = (content) => [{ role: 'user', content }];

export const FIXTURES = {
  'openai-chat': fixture('openai-chat', {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'openai-version': '2020-10-01' },
    request: { model: 'gpt-5.1', stream: true, stream_options: { include_usage: true }, messages: ask('What is SSE?') },
  }),
  'openai-responses': fixture('openai-responses', {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'openai-version': '2020-10-01' },
    request: { model: 'gpt-5.1', stream: true, input: 'How is the weather in 서울?' },
  }),
  'anthropic-messages': fixture('anthropic-messages', {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'request-id': 'req_011CVQ8w2sYbN4' },
    request: { model: 'claude-sonnet-4-5', max_tokens: 1024, stream: true, messages: ask('부산 날씨는?') },
  }),
  'vercel-ai-sdk': fixture('vercel-ai-sdk', {
    headers: { 'x-vercel-ai-ui-message-stream': 'v1', 'x-accel-buffering': 'no' },
    request: { id: 'chat-1', trigger: 'submit-message', messages: [{ id: 'm1', role: 'user', parts: [] }] },
  }),
  mcp: fixture('mcp', {
    headers: { 'cache-control': 'no-cache, no-transform', 'mcp-session-id': '5c0e4c2e-2f0a-4c58-9d3a-0b8f4f1f7a51' },
    request: { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'build', _meta: { progressToken: 2 } } },
  }),
  // Not a service but every corner of the format.
  grammar: fixture('grammar'),
};
