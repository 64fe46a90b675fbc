// testssl.sh looks for old protocols, weak ciphers, missing forward secrecy and known holes of TLS.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Proxy } from './proxy.js';

const HARMLESS = new Set(['OK', 'INFO', 'LOW', 'WARN', 'DEBUG']); // WARN: what it could not try itself

describe('testssl.sh', () => {
  let folder, proxy;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sse-proxy-testssl-'));
    const [certificate, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30',
      '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate];
    execFileSync('openssl', request, { stdio: 'ignore' });
    proxy = await Proxy.start('http://127.0.0.1:1', '--tls-cert', certificate, '--tls-key', key);
  });
  after(async () => {
    await proxy?.stop();
    rmSync(folder, { recursive: true });
  });

  it('finds nothing above LOW in protocols, ciphers, forward secrecy and vulnerabilities', async () => {
    const report = join(folder, 'report.json');
    const args = ['--quiet', '--color', '0', '--warnings', 'off', '--ip', '127.0.0.1', '-p', '-s', '-f', '-U',
      '--jsonfile', report, `localhost:${proxy.port}`];
    await promisify(execFile)('testssl', args).catch(() => {}); // its exit code counts findings of any kind
    const findings = JSON.parse(readFileSync(report, 'utf8'));
    const of = (id) => findings.find((finding) => finding.id === id)?.finding;
    assert.equal(of('TLS1'), 'not offered');
    assert.equal(of('TLS1_1'), 'not offered');
    assert.match(of('TLS1_2'), /^offered/);
    assert.match(of('TLS1_3'), /^offered/);
    assert.match(of('heartbleed'), /^not vulnerable/);
    assert.deepEqual(findings.filter((finding) => !HARMLESS.has(finding.severity)), []);
  });
});
