// wrk, as hard as it can: not one error. WRK_SECONDS=30 for longer.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Proxy } from './proxy.js';

const SECONDS = Number(process.env.WRK_SECONDS ?? 5);

describe('load', () => {
  let origin, proxy;
  before(async () => {
    origin = http.createServer((req, res) => res.writeHead(200, { 'content-length': 5 }).end('hello'));
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    proxy = await Proxy.start(`http://127.0.0.1:${origin.address().port}`, '--access-log', 'off');
  });
  after(async () => {
    await proxy?.stop();
    origin.closeAllConnections();
    origin.close();
  });

  it(`wrk with 100 connections for ${SECONDS} s meets no error`, async (t) => {
    const args = ['--threads', '2', '--connections', '100', '--duration', `${SECONDS}s`, '--latency', proxy.url];
    const { stdout } = await promisify(execFile)('wrk', args);
    t.diagnostic(/(\d+) requests in .*/.exec(stdout)[0]);
    assert.doesNotMatch(stdout, /Socket errors|Non-2xx/, stdout);
    assert.ok(Number(/(\d+) requests in/.exec(stdout)[1]) > 0);
  });
});
