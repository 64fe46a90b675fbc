// The real binary, started on a port of the kernel's choice in front of `upstream`, and ended as Kubernetes would.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { BINARY } from './lib/paths.js';
import { within } from './lib/within.js';

export const LISTENING = /listening on .*127\.0\.0\.1:(\d+)/;
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

// A developer's own SSE_PROXY_* settings must not change what is tested.
function cleanEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SSE_PROXY_')));
}

export class Proxy {
  #child;
  log = '';

  static async start(upstream, ...flags) {
    assert.ok(existsSync(BINARY), `no ${BINARY}: build it, or set SSE_PROXY_BINARY`);
    const proxy = new Proxy();
    const drain = flags.includes('--drain-timeout') ? [] : ['--drain-timeout', '2s'];
    const fixed = ['--listen', '127.0.0.1:0', '--upstream', upstream, ...drain];
    proxy.#child = spawn(BINARY, [...fixed, ...flags], { stdio: ['ignore', 'ignore', 'pipe'], env: cleanEnvironment() });
    running.add(proxy.#child);
    proxy.port = await within(10_000, proxy.#readPort(), () => `the proxy's start-up line; it said: ${proxy.log}`);
    proxy.url = `http://127.0.0.1:${proxy.port}`;
    return proxy;
  }

  get pid() {
    return this.#child.pid;
  }

  // What the first group of `pattern` is in the log, once it is there.
  said(pattern) {
    const found = new Promise((resolve) => {
      const look = () => pattern.test(this.log) && resolve(pattern.exec(this.log)[1]);
      this.#child.stderr.on('data', look);
      look();
    });
    return within(10_000, found, () => `the log to say ${pattern}; it said: ${this.log}`);
  }

  #readPort() {
    return new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('exit', (code, signal) => {
        running.delete(this.#child);
        reject(new Error(`the proxy ended with ${signal ?? code} at its start: ${this.log}`));
      });
      this.#child.stderr.setEncoding('utf8').on('data', (text) => {
        this.log += text;
        const match = LISTENING.exec(this.log);
        if (match) resolve(Number(match[1]));
      });
    });
  }

  // A SIGTERM ends it cleanly: that is part of every test.
  async stop() {
    const ended = once(this.#child, 'exit');
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM');
    else return this.#checkExit(this.#child.exitCode, this.#child.signalCode);
    try {
      await within(10_000, ended, () => 'the proxy to end after SIGTERM');
    } catch (error) {
      this.#child.kill('SIGKILL');
      throw error;
    }
    this.#checkExit(this.#child.exitCode, this.#child.signalCode);
  }

  #checkExit(code, signal) {
    assert.equal(signal ?? code, 0, `the proxy ended with ${signal ?? code}; it said:\n${this.log}`);
  }
}
