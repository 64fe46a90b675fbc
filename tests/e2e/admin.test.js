// The admin listener as its users have it: Prometheus, promtool, and the page in Chromium.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { launch, skipReason } from './clients/chromium.js';
import { ROOT } from './lib/paths.js';
import { within } from './lib/within.js';
import { Origin } from './origin.js';
import { Proxy } from './proxy.js';

const run = promisify(execFile);
const ALERTS = path.join(ROOT, 'deploy/prometheus/alerts.yaml');
const DASHBOARD = path.join(ROOT, 'deploy/grafana/sse-proxy.json');

async function eventually(what, ask, patience = 20_000) {
  const deadline = Date.now() + patience;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    assert.ok(Date.now() < deadline, `waited in vain for ${what}`);
    await delay(50);
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

describe('The admin listener', () => {
  const at = {};
  before(async () => {
    at.origin = await Origin.start();
    at.responses = [];
    at.origin.handle('/live', (req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.flushHeaders();
      at.responses.push(res);
    });
    at.proxy = await Proxy.start(at.origin.url, '--admin', '127.0.0.1:0', '--keepalive', '1500ms');
    const line = await eventually('the admin address', () => /admin listens on (\S+)/.exec(at.proxy.log));
    at.admin = `http://${line[1]}`;
    at.folder = await mkdtemp(path.join(tmpdir(), 'sse-proxy-admin-'));
  });
  after(async () => {
    await at.proxy?.stop();
    await at.origin?.close();
    await rm(at.folder, { recursive: true, force: true });
  });

  // A client that takes an event stream; resolves once the app has its request.
  async function openStream(query = '') {
    const count = at.responses.length;
    const request = http.get(`${at.proxy.url}/live${query}`);
    request.on('error', () => {});
    request.on('response', (response) => response.resume().on('error', () => {}));
    await eventually('the request', () => at.responses.length > count);
    return { request, app: at.responses[count] };
  }

  it('has metrics that promtool and OpenMetrics find valid', async () => {
    const { request, app } = await openStream();
    app.write('data: a\n\n');
    const text = await (await fetch(`${at.admin}/metrics`)).text();
    const promtool = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [promtool.stdout, promtool.stderr]) stream.setEncoding('utf8').on('data', (more) => (said += more));
    promtool.stdin.end(text);
    const [code] = await once(promtool, 'exit');
    assert.equal(code, 0, said);
    assert.equal(said, '');
    const page = await fetch(`${at.admin}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
    const file = path.join(at.folder, 'page.txt');
    await writeFile(file, await page.text());
    const parser = 'import sys; from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse; '
      + 'print(len(list(parse(open(sys.argv[1]).read()))))';
    const { stdout } = await run('/usr/bin/python3', ['-c', parser, file]);
    assert.ok(Number(stdout) > 30, stdout);
    request.destroy();
  });

  it('is scraped by a real Prometheus', async () => {
    const { request, app } = await openStream();
    app.write('data: a\n\ndata: b\n\n');
    const port = await freePort();
    const file = path.join(at.folder, 'prometheus.yml');
    const target = at.admin.slice('http://'.length);
    await writeFile(file, `global: {scrape_interval: 200ms}
rule_files: [${ALERTS}]
scrape_configs: [{job_name: sse-proxy, static_configs: [{targets: ["${target}"]}]}]
`);
    const prometheus = spawn('prometheus', [`--config.file=${file}`, `--storage.tsdb.path=${at.folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'], { stdio: 'ignore' });
    try {
      const query = async (text) => {
        try {
          const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(text)}`);
          return (await answer.json()).data.result[0]?.value[1];
        } catch {
          return undefined; // it is not up yet
        }
      };
      await eventually('a scrape', async () => (await query('sse_proxy_streams_open')) >= '1');
      assert.equal(await query('up{job="sse-proxy"}'), '1');
      assert.ok(Number(await query('sse_proxy_events_total')) >= 2);
      assert.ok(Number(await query('histogram_quantile(0.5, sse_proxy_event_gap_seconds_bucket)')) >= 0);
    } finally {
      const ended = once(prometheus, 'exit');
      prometheus.kill('SIGTERM');
      await within(10_000, ended, 'Prometheus to end').catch(() => prometheus.kill('SIGKILL'));
      request.destroy();
    }
  });

  it('has alerts and a dashboard that name no other metrics than there are', async () => {
    await run('promtool', ['check', 'rules', ALERTS]);
    const page = await (await fetch(`${at.admin}/metrics`)).text();
    const there = new Set(page.match(/^[a-z_]+/gm));
    there.add('sse_proxy_certificate_expiry_timestamp_seconds'); // only with TLS
    const dashboard = JSON.parse(await readFile(DASHBOARD, 'utf8'));
    const texts = [await readFile(ALERTS, 'utf8'), ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))];
    const named = texts.flatMap((text) => text.match(/\b(sse_proxy|process)_[a-z_]+/g) ?? []);
    assert.ok(named.length > 50);
    assert.deepEqual([...new Set(named)].filter((name) => !there.has(name)), []);
  });

  describe('its page', { skip: skipReason() }, () => {
    before(async () => (at.browser = await launch()));
    after(() => at.browser?.close());

    it('shows a stream that appears, ticks, stays silent and ends', async () => {
      const page = await at.browser.newPage({ viewport: { width: 1100, height: 420 } });
      const complaints = [];
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => request.url().startsWith(at.admin) || complaints.push(request.url()));
      await page.goto(at.admin);
      await page.waitForSelector('#status:has-text("live")');
      const { request, app } = await openStream('?token=secret');
      const row = page.locator('#streams tr', { hasText: '/live' }).last();
      await row.waitFor();
      const shown = async (state) => eventually(state, async () => (await row.getAttribute('data-state')) === state);
      const ticking = setInterval(() => app.write('data: tick\n\n'), 150);
      await shown('ticking');
      await eventually('events', async () => Number(await page.locator('#events').textContent()) > 3);
      await eventually('a count', async () => Number(await row.locator('td').nth(3).textContent()) > 8);
      clearInterval(ticking);
      await shown('silent');
      await eventually('keep-alives', async () => Number(await page.locator('#keepalives').textContent()) > 0);
      if (process.env.UPDATE_SCREENSHOTS) await takePictures(page);
      assert.ok(!(await page.content()).includes('secret'));
      app.end();
      await shown('ended');
      request.destroy();
      assert.deepEqual(complaints, []);
      await page.close();
    });

    it('ends a stream at the push of a button', async () => {
      const page = await at.browser.newPage();
      await page.goto(at.admin);
      const { request, app } = await openStream('?second');
      const gone = once(app, 'close');
      const row = page.locator('#streams tr:not([data-state="ended"])').last();
      await row.locator('button').click();
      await within(10_000, gone, 'the app to see the stream end');
      request.destroy();
      await page.close();
    });
  });

  // Streams of several kinds, for the documentation: UPDATE_SCREENSHOTS=1.
  async function takePictures(page) {
    const streams = await Promise.all(['?a', '?b', '?c'].map((query) => openStream(query)));
    const timers = streams.slice(0, 2).map(({ app }, i) => setInterval(() => app.write('data: x\n\n'.repeat(i + 1)), 700 + 1800 * i));
    await delay(12_000);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await delay(400);
      await page.screenshot({ path: path.join(ROOT, `docs/admin-page-${colorScheme}.png`) });
    }
    timers.forEach(clearInterval);
    streams.forEach(({ request }) => request.destroy());
  }
});
