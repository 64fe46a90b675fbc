// WebSockets through the proxy, by npm's ws on both sides.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { within } from './lib/within.js';
import { Proxy } from './proxy.js';

const SOCKETS = 1000;
const MIB = 1 << 20;

describe('WebSockets', () => {
  let server, proxy;
  before(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
    server.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
    await once(server, 'listening');
    proxy = await Proxy.start(`http://127.0.0.1:${server.address().port}`);
  });
  after(async () => {
    await proxy?.stop();
    server.clients.forEach((client) => client.terminate());
    server.close();
  });

  async function open() {
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/socket`, { perMessageDeflate: false });
    await within(20_000, once(socket, 'open'), 'a socket to open');
    return socket;
  }

  async function echo(socket, frame) {
    const answer = once(socket, 'message');
    socket.send(frame);
    const [data] = await within(60_000, answer, `the echo of ${frame.length} bytes`);
    assert.ok(Buffer.from(data).equals(frame), 'a wrong byte');
  }

  async function close(socket) {
    const closed = once(socket, 'close');
    socket.close(1000, 'done');
    const [code, reason] = await within(10_000, closed, 'the close handshake');
    assert.equal(code, 1000);
    assert.equal(reason.toString(), 'done');
  }

  it('frames of 1 MiB, ten in a row', async () => {
    const socket = await open();
    for (let i = 0; i < 10; i++) await echo(socket, Buffer.alloc(MIB, `frame ${i},`));
    await close(socket);
  });

  it('thirty frames of 1 MiB at once, in order', async () => {
    const socket = await open();
    const got = [];
    const all = new Promise((resolve) => {
      socket.on('message', (data) => {
        assert.ok(data.every((byte) => byte === got.length));
        if (got.push(data.length) === 30) resolve();
      });
    });
    for (let i = 0; i < 30; i++) socket.send(Buffer.alloc(MIB, i));
    await within(60_000, all, () => `thirty echoes; ${got.length} came`);
    assert.deepEqual(got, Array(30).fill(MIB));
    await close(socket);
  });

  it('a subprotocol, compression and a ping are between the two ends', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/socket`, ['chat.v2', 'chat.v1']);
    await within(20_000, once(socket, 'open'), 'the socket to open');
    assert.equal(socket.protocol, 'chat.v2');
    assert.match(socket.extensions, /permessage-deflate/);
    await echo(socket, Buffer.alloc(MIB, 'compressible '));
    const pong = once(socket, 'pong');
    socket.ping('are you there?');
    assert.equal((await within(10_000, pong, 'a pong'))[0].toString(), 'are you there?');
    await close(socket);
  });

  it(`${SOCKETS} sockets at once, each with a frame of its own, 200 of them with 1 MiB`, async (t) => {
    const sockets = [];
    while (sockets.length < SOCKETS) sockets.push(...(await Promise.all(Array.from({ length: 50 }, open))));
    await Promise.all(sockets.map((socket, i) => echo(socket, Buffer.from(`socket ${i}`))));
    const start = performance.now();
    for (let i = 0; i < 200; i += 20) {
      await Promise.all(sockets.slice(i, i + 20).map((socket, j) => echo(socket, Buffer.alloc(MIB, `${i + j};`))));
    }
    t.diagnostic(`200 MiB there and back in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    await Promise.all(sockets.map(close));
  });
});
