// `sse-proxy check`: what it prints; an error with what it complains of where it refuses.
import { spawnSync } from 'node:child_process';
import { BINARY } from './paths.js';

export function check(args, settings = {}) {
  const env = { PATH: process.env.PATH, ...settings };
  const { status, stdout, stderr, error } = spawnSync(BINARY, ['check', ...args], { encoding: 'utf8', env });
  if (error) throw error;
  if (status !== 0) throw new Error(`check ${args.join(' ')} says: ${stderr}`);
  return stdout;
}
