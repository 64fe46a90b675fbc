// The man page, as man and mandoc read it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { MANUAL } from './lib/paths.js';

const PAGE = `${MANUAL}/sse-proxy.1`;

function run(command, ...args) {
  const env = { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '100', MAN_KEEP_FORMATTING: '' };
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env });
  assert.ifError(error);
  return { status, stdout, stderr };
}

it('man shows it without a warning', () => {
  const { status, stdout, stderr } = run('man', '--warnings', '-l', PAGE);
  assert.equal(stderr, '');
  assert.equal(status, 0);
  for (const heading of ['NAME', 'SYNOPSIS', 'OPTIONS', 'SIGNALS', 'EXIT STATUS']) assert.match(stdout, new RegExp(`^${heading}$`, 'm'));
  assert.match(stdout, /--keepalive auto\|off\|DUR/);
});

it('mandoc finds nothing to complain of', () => {
  assert.deepEqual(run('mandoc', '-T', 'lint', '-W', 'warning', PAGE), { status: 0, stdout: '', stderr: '' });
});

it('whatis can name it', () => {
  assert.match(run('lexgrog', PAGE).stdout, /"sse-proxy - reverse proxy that makes Server-Sent Events arrive"/);
});
