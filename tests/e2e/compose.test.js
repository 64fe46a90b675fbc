// deploy/compose: its nginx, the proxy with its settings, and its Python app.
import assert from 'node:assert/strict';
import http from 'node:http';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { check } from './lib/check.js';
import { Nginx } from './lib/nginx.js';
import { ROOT } from './lib/paths.js';
import { Program } from './lib/program.js';
import { Proxy } from './proxy.js';

const FOLDER = join(ROOT, 'deploy/compose');
const { services } = parse(readFileSync(join(FOLDER, 'compose.yaml'), 'utf8'));
const INTERVAL = 0.3;

// The events with the seconds at which they came.
function events(socketPath) {
  return new Promise((resolve, reject) => {
    const came = [];
    const begin = performance.now();
    http.get({ socketPath, path: '/events', headers: { accept: 'text/event-stream' } }, (res) => {
      res.setEncoding('utf8').on('data', (text) => {
        for (const [, data] of text.matchAll(/^data: (.*)$/gm)) came.push({ data, at: (performance.now() - begin) / 1000 });
      });
      res.on('end', () => resolve(came)).on('error', reject);
    }).on('error', reject);
  });
}

describe('the compose example', () => {
  let app, proxy, nginx;
  before(async () => {
    process.env.APP_PORT = '0';
    process.env.APP_INTERVAL = String(INTERVAL);
    app = await Program.start('python3', [join(FOLDER, 'app.py')]);
    proxy = await Proxy.start(app.url, '--behind', services['sse-proxy'].environment.SSE_PROXY_BEHIND);
    const conf = readFileSync(join(FOLDER, 'nginx.conf'), 'utf8');
    nginx = await Nginx.start(conf.replace('sse-proxy:8080', `127.0.0.1:${proxy.port}`));
  });
  after(async () => {
    await nginx?.stop();
    await proxy?.stop();
    await app?.stop();
  });

  it('each event comes through nginx, the proxy and the app when it is sent', async () => {
    const came = await events(nginx.socketPath);
    assert.deepEqual(came.map(({ data }) => data), [0, 1, 2, 3, 4].map((i) => `tick ${i}`));
    came.slice(1).forEach(({ at }, i) => assert.ok(at - came[i].at > INTERVAL / 2, `event ${i + 1} came with the one before: ${JSON.stringify(came)}`));
  });

  it('the settings are ones that the program accepts, and the files are there', () => {
    const { environment } = services['sse-proxy'];
    const text = check(['--print'], environment);
    for (const name of Object.keys(environment)) assert.match(text, new RegExp(`# ${name}\\b`), name);
    for (const { volumes = [] } of Object.values(services)) {
      for (const volume of volumes) readFileSync(join(FOLDER, volume.split(':')[0]));
    }
  });
});
