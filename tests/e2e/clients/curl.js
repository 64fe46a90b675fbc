// `curl -sN`: the bytes as they are on the wire, decoded by our own reader.
import { spawn } from 'node:child_process';
import { EventStreamDecoder } from '../lib/sse.js';
import { Stream } from './stream.js';

export const name = 'curl';
export const posts = true;
export const direct = { args: ['--compressed'] }; // the origin compresses unasked, the proxy decodes

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

// Adds to the stream: bytes (a Buffer, so far) and exitCode. `args` are further arguments for curl.
export function open(url, { body, headers = {}, args = [] } = {}) {
  const post = body ? ['--json', body] : [];
  const fields = Object.entries(headers).flatMap(([field, value]) => ['-H', `${field}: ${value}`]);
  const child = spawn('curl', ['-sN', '--max-time', '60', ...post, ...fields, ...args, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const stream = new Stream(() => child.kill('SIGKILL'));
  const decoder = new EventStreamDecoder((event) => stream.received(event));
  const parts = [];
  child.stdout.on('data', (part) => {
    if (parts.length === 0) stream.opened();
    parts.push(part);
    decoder.push(part);
  });
  child.on('error', (error) => stream.close(error));
  child.on('close', (code) => {
    running.delete(child);
    stream.exitCode = code;
    if (code !== 0) stream.failed();
    stream.end();
  });
  Object.defineProperty(stream, 'bytes', { get: () => Buffer.concat(parts) });
  return stream;
}
