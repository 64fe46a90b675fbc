// The Debian package and its systemd units: what is in them, installed, upgraded, removed; and whether the proxy
// can do its work in the unit's cage.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BINARY, BUILD, ROOT } from './lib/paths.js';
import { Program } from './lib/program.js';
import { Origin } from './origin.js';
import { LISTENING } from './proxy.js';


const sanitized = /^SSE_PROXY_SANITIZE:STRING=./m.test(readFileSync(join(BUILD, 'CMakeCache.txt'), 'utf8'));
const skip = sanitized && 'a sanitized build is not packaged';
const UNITS = join(ROOT, 'deploy/systemd');
const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sse-proxy-deb-'));
});
after(() => rmSync(folder, { recursive: true }));

describe('the package', { skip }, () => {
  let deb, root;
  const installed = (path) => join(root, path);
  // As root or not: dpkg thinks that it is, and works in a root of its own. Libraries are the real system's.
  const dpkg = (...args) => run('fakeroot', 'dpkg', `--root=${root}`, '--log=/dev/null',
    '--force-not-root,script-chrootless,depends,confold', ...args);

  before(() => {
    run('cpack', '--config', join(BUILD, 'CPackConfig.cmake'), '-B', folder);
    deb = join(folder, readdirSync(folder).find((name) => name.endsWith('.deb')));
    root = join(folder, 'root');
    for (const path of ['var/lib/dpkg/info', 'var/lib/dpkg/updates']) mkdirSync(join(root, path), { recursive: true });
    writeFileSync(join(root, 'var/lib/dpkg/status'), '');
    dpkg('--install', deb);
  });

  it('needs the libraries that the program is linked with', () => {
    const depends = run('dpkg-deb', '--field', deb, 'Depends');
    for (const library of ['libc6', 'libuv1', 'libssl3', 'libzstd1', 'zlib1g']) assert.match(depends, new RegExp(`\\b${library}\\b`));
  });

  it('holds a stripped program of less than 4 MiB, which runs', (t) => {
    const program = installed('usr/bin/sse-proxy');
    const { size } = statSync(program);
    t.diagnostic(`${(size / 1048576).toFixed(2)} MiB`);
    assert.ok(size < 4 << 20, `${size} bytes`);
    assert.match(run('file', program), /, stripped/);
    assert.match(run(program, '--version'), /^sse-proxy \d/);
    assert.match(run(program, 'check', '--config', installed('etc/sse-proxy/sse-proxy.toml'), '--upstream', 'http://a'), /is valid/);
  });

  it('has man page, completions, units and documents where they are looked for', () => {
    for (const path of ['share/man/man1/sse-proxy.1.gz', 'share/bash-completion/completions/sse-proxy',
      'share/zsh/vendor-completions/_sse-proxy', 'share/fish/vendor_completions.d/sse-proxy.fish',
      'lib/systemd/system/sse-proxy.service', 'lib/systemd/system/sse-proxy.socket',
      'share/doc/sse-proxy/copyright', 'share/doc/sse-proxy/docs/options.md']) {
      assert.ok(existsSync(installed(join('usr', path))), path);
    }
  });

  it("keeps the administrator's configuration at an upgrade and a removal, until it is purged", () => {
    const file = installed('etc/sse-proxy/sse-proxy.toml');
    appendFileSync(file, 'upstream = ["http://127.0.0.1:3000"]\n');
    dpkg('--install', deb);
    assert.match(readFileSync(file, 'utf8'), /3000"\]\n$/);
    dpkg('--remove', 'sse-proxy');
    assert.ok(existsSync(file));
    assert.ok(!existsSync(installed('usr/bin/sse-proxy')));
    dpkg('--purge', 'sse-proxy');
    assert.ok(!existsSync(file));
  });
});

describe('the systemd units', () => {
  it('are what systemd understands, and leave little open', () => {
    for (const name of ['sse-proxy.service', 'sse-proxy.socket']) {
      const text = readFileSync(join(UNITS, name), 'utf8');
      writeFileSync(join(folder, name), text.replace('ExecStart=sse-proxy', `ExecStart=${BINARY}`));
    }
    const files = ['sse-proxy.service', 'sse-proxy.socket'].map((name) => join(folder, name));
    assert.equal(run('systemd-analyze', 'verify', '--man=no', ...files), '');
    run('systemd-analyze', 'security', '--offline=true', '--threshold=20', files[0]);
  });

  it('allow every system call that the proxy makes', { skip }, async () => {
    const calls = (set) => run('systemd-analyze', 'syscall-filter', set).split('\n').map((line) => line.trim())
      .filter((line) => line && !line.startsWith('#'))
      .flatMap((line) => (line === set ? [] : line.startsWith('@') ? calls(line) : [line]));
    const forbidden = new Set(calls('@privileged'));
    const allowed = new Set(calls('@system-service').filter((name) => !forbidden.has(name)));

    const trace = join(folder, 'strace');
    const origin = await Origin.start();
    const flags = ['--listen', '127.0.0.1:0', '--listen', `unix:${folder}/listen.sock`, '--workers', '2', '--upstream', origin.url];
    const proxy = await Program.start('strace', ['-D', '-f', '-qq', '-o', trace, BINARY, ...flags], LISTENING);
    await (await fetch(`${proxy.url}/stream/grammar?gzip=1`)).text();
    proxy.signal('SIGHUP');
    await proxy.stop();
    await origin.close();
    const made = new Set([...readFileSync(trace, 'utf8').matchAll(/^\d+ +(\w+)\(/gm)].map(([, name]) => name));
    assert.ok(made.has('accept4') && made.has('sendto'), [...made].join(' '));
    assert.deepEqual([...made].filter((name) => !allowed.has(name)), []);
  });
});
