// Every example in the documents is tried: configurations are checked, commands run, manifests and nginx's
// configurations judged by those who read them.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { check } from './lib/check.js';
import { checkManifest } from './lib/kubernetes_schema.js';
import { parseManifests } from './lib/manifests.js';
import { complaints } from './lib/nginx.js';
import { BINARY, ROOT } from './lib/paths.js';
import { Origin } from './origin.js';
import { Proxy } from './proxy.js';

const PAGES = ['README.md', 'SECURITY.md', ...readdirSync(path.join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

// {language, text, line} of every fenced block.
function examples(page) {
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(({ 1: language, 2: body, index }) =>
    ({ language, body, line: text.slice(0, index).split('\n').length }));
}

// Commands that need a cluster or an engine: only that they are called is tried.
const ELSEWHERE = ['kubectl', 'docker', 'systemctl'];

let folder, origin, proxy, admin;
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sse-proxy-docs-'));
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  // What would run for ever is checked instead.
  const script = `#!/bin/sh\ncase "$1" in check | demo) ;; *) set -- check "$@" ;; esac\nexec '${BINARY}' "$@"\n`;
  writeFileSync(path.join(bin, 'sse-proxy'), script);
  for (const name of ELSEWHERE) writeFileSync(path.join(bin, name), '#!/bin/sh\n');
  for (const name of readdirSync(bin)) chmodSync(path.join(bin, name), 0o755);
  origin = await Origin.start();
  origin.serve('/events', 'grammar', '');
  proxy = await Proxy.start(origin.url, '--admin', '127.0.0.1:0');
  admin = `http://${await proxy.said(/admin listens on ([\d.:]+)/)}`;
});
after(async () => {
  await proxy?.stop();
  await origin?.close();
  rmSync(folder, { recursive: true });
});


const TRIALS = {
  toml(body) {
    const file = path.join(folder, 'example.toml');
    writeFileSync(file, body);
    check(['--config', file]);
  },
  async sh(body) {
    const text = body.replaceAll('http://127.0.0.1:3000/', `${origin.url}/`)
      .replaceAll('http://127.0.0.1:8080/', `${proxy.url}/`).replaceAll('http://127.0.0.1:9180', admin);
    const env = { PATH: `${folder}/bin:${process.env.PATH}` };
    await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', text], { env, cwd: ROOT, timeout: 30_000 });
  },
  nginx(body) {
    assert.equal(complaints(body), '');
  },
  yaml(body) {
    for (const manifest of parseManifests(body)) {
      assert.deepEqual(checkManifest(manifest), []);
      for (const [name, text] of Object.entries(manifest.data ?? {})) if (name.endsWith('.toml')) TRIALS.toml(text);
    }
  },
};

for (const page of PAGES) {
  describe(page, () => {
    for (const { language, body, line } of examples(page)) {
      it(`the ${language} example of line ${line} works`, async () => {
        assert.ok(TRIALS[language], `nobody tries ${language}`);
        await TRIALS[language](body);
      });
    }

    const text = readFileSync(path.join(ROOT, page), 'utf8');
    it('its links lead to files that are there', () => {
      for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
        assert.ok(existsSync(path.resolve(ROOT, path.dirname(page), target)), target);
      }
    });

    it('its options and metrics are ones that there are', async () => {
      const help = execFileSync(BINARY, ['--help'], { encoding: 'utf8' });
      const bench = readFileSync(path.join(ROOT, 'bench/run'), 'utf8');
      const ours = new Set([...(help + bench).matchAll(/--[a-z0-9-]+/g)].map(([flag]) => flag));
      const table = [...text.matchAll(/`(--[a-z0-9-]+)[^`]*`/g)].map(([, flag]) => flag);
      const others = /^--(timeout|worker-class|threads|serve)$/; // other programs'
      assert.deepEqual(table.filter((flag) => !ours.has(flag) && !others.test(flag)), []);
      const metrics = await (await fetch(`${admin}/metrics`)).text();
      for (const [name] of text.matchAll(/sse_proxy_[a-z_]+(?=`)/g)) assert.ok(metrics.includes(name), name);
    });
  });
}
