// A program that runs beside a test, and ends with it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { within } from './within.js';

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class Program {
  #child;
  said = '';

  // Resolves when it has said where it listens, in words that `listening` picks the port from.
  static async start(command, args, listening = /http:\/\/127\.0\.0\.1:(\d+)/) {
    const program = new Program();
    const cwd = fileURLToPath(new URL('..', import.meta.url));
    const child = (program.#child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] }));
    running.add(child);
    const up = new Promise((resolve, reject) => {
      const listen = (text) => {
        program.said += text;
        const match = listening.exec(program.said);
        if (match) resolve(Number(match[1]));
      };
      child.stdout.setEncoding('utf8').on('data', listen);
      child.stderr.setEncoding('utf8').on('data', listen);
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        running.delete(child);
        reject(new Error(`${command} ended with ${signal ?? code}: ${program.said}`));
      });
    });
    program.port = await within(20_000, up, () => `${command} to listen; it said: ${program.said}`);
    program.url = `http://127.0.0.1:${program.port}`;
    return program;
  }

  signal(name) {
    this.#child.kill(name);
  }

  async stop() {
    if (!running.has(this.#child)) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await within(10_000, ended, 'it to end after SIGTERM').catch(() => this.#child.kill('SIGKILL'));
  }
}
