// The official MCP client and server, streamable HTTP, with the proxy between them: sessions, the priming event,
// notifications as they happen, the long-lived GET stream.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import assert from 'node:assert/strict';
import { randomUUID, webcrypto } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { within } from './lib/within.js';
import { Origin } from './origin.js';
import { Proxy } from './proxy.js';

globalThis.crypto ??= webcrypto; // the SDK takes it for granted; Node 18 has it as a module only

const STEPS = 5;
const TEXT = '214 tests passed ✅\n\n한 개도 실패하지 않았습니다.';

// Keeps events so that streams are resumable: that is what makes the server send the priming event.
class EventStore {
  #events = [];
  async storeEvent(streamId, message) {
    return String(this.#events.push({ streamId, message }));
  }
  async replayEventsAfter() {
    throw new Error('nothing was lost, nothing is to be replayed');
  }
}

// One MCP session on `path`. Its tool `build` waits, after each progress notification, for the client to have it.
async function serveMcp(origin, path, clientHas) {
  const server = new McpServer({ name: 'builder', version: '1.0.0' }, { capabilities: { resources: { listChanged: true } } });
  server.registerTool('build', { description: 'Builds' }, async ({ _meta, sendNotification }) => {
    for (let step = 1; step <= STEPS; step++) {
      const params = { progressToken: _meta.progressToken, progress: step, total: STEPS, message: `단계 ${step}` };
      await sendNotification({ method: 'notifications/progress', params });
      await within(5000, clientHas(step), `the client to have progress ${step}`);
    }
    return { content: [{ type: 'text', text: TEXT }] };
  });
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, eventStore: new EventStore() });
  await server.connect(transport);
  origin.handle(path, (req, res) => {
    // The client opens the GET stream by itself, some time after the handshake: there the notification goes.
    if (req.method === 'GET') onHead(res, () => server.server.sendResourceListChanged());
    return transport.handleRequest(req, res);
  });
  return server;
}

function onHead(res, then) {
  const writeHead = res.writeHead;
  res.writeHead = (...head) => {
    setImmediate(then);
    return writeHead.apply(res, head);
  };
}

// A session at `base` + `path`: everything that the client saw.
async function runSession(origin, base, path) {
  const progress = [];
  const waiting = new Map();
  const clientHas = (step) => new Promise((resolve) => {
    if (progress.length >= step) resolve();
    else waiting.set(step, resolve);
  });
  const server = await serveMcp(origin, path, clientHas);
  const client = new Client({ name: 'e2e', version: '1.0.0' });
  const changed = new Promise((resolve) => {
    client.fallbackNotificationHandler = async ({ method }) => resolve(method);
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(base + path)));
  const tools = await client.listTools();
  const result = await client.callTool({ name: 'build' }, undefined, {
    onprogress(event) {
      progress.push(event);
      waiting.get(progress.length)?.();
    },
  });
  const notification = await within(5000, changed, 'a notification on the GET stream');
  await client.close();
  await server.close();
  return { tools, result, progress, notification };
}

describe('MCP', () => {
  let origin, proxy;
  before(async () => {
    origin = await Origin.start();
    proxy = await Proxy.start(origin.url);
  });
  after(async () => {
    await origin?.close();
    await proxy?.stop();
  });

  it('a session is the same direct and proxied, each notification before the next', async () => {
    const direct = await within(30_000, runSession(origin, origin.url, '/direct'), 'the session, direct');
    const proxied = await within(30_000, runSession(origin, proxy.url, '/proxied'), 'the session, proxied');
    assert.deepEqual(proxied, direct);
    assert.equal(proxied.result.content[0].text, TEXT);
    assert.equal(proxied.progress.length, STEPS);
    assert.equal(proxied.notification, 'notifications/resources/list_changed');
    const methods = origin.requests.filter(({ url }) => url === '/proxied').map(({ method }) => method);
    assert.ok(methods.includes('GET') && methods.includes('POST'));
  });
});
