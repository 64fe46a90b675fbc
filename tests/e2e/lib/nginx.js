// nginx with a configuration of the repository's: checked, or run on a Unix socket of a folder of its own.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from './within.js';

const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

// Whatever is written in the configuration, files and sockets are in `folder`.
function settle(text, folder) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  return text.replace(/^http \{/m, `http {\n${temporary.join('\n')}\naccess_log off;`)
    .replace(/listen [^;]*;/g, `listen unix:${folder}/nginx.sock;`);
}

function prepare(text) {
  const folder = mkdtempSync(join(tmpdir(), 'sse-proxy-nginx-'));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'nginx.conf'), settle(text, folder));
  return { folder, args: ['-p', folder, '-c', join(folder, 'nginx.conf'), '-g', `pid ${folder}/pid; error_log stderr;`] };
}

// What `nginx -t` has to say against it, "" if nothing. A fragment stands where it belongs.
export function complaints(text) {
  const inside = text.replace(/^#.*\n/gm, '').trim();
  let whole = text;
  if (!inside.startsWith('events')) whole = `events {}\nhttp {\n${/^(server|upstream|map) /.test(inside) ? text : `server {\n${text}\n}`}\n}\n`;
  const { folder, args } = prepare(whole);
  const { status, stderr, error } = spawnSync('nginx', ['-t', ...args], { encoding: 'utf8', env });
  rmSync(folder, { recursive: true });
  if (error) throw error;
  return status === 0 ? '' : stderr;
}

export class Nginx {
  #child;

  static async start(text) {
    const nginx = new Nginx();
    const { folder, args } = prepare(text);
    nginx.folder = folder;
    nginx.socketPath = join(folder, 'nginx.sock');
    let said = '';
    const watcher = watch(folder);
    args[args.length - 1] += ' daemon off;';
    nginx.#child = spawn('nginx', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    nginx.#child.stderr.setEncoding('utf8').on('data', (more) => (said += more));
    running.add(nginx.#child);
    const up = new Promise((resolve) => {
      const look = () => existsSync(join(folder, 'pid')) && resolve(); // written once it listens
      watcher.on('change', look);
      look();
    });
    await within(20_000, up, () => `nginx to start; it said: ${said}`).finally(() => watcher.close());
    return nginx;
  }

  async stop() {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await within(10_000, ended, 'nginx to end');
    running.delete(this.#child);
    rmSync(this.folder, { recursive: true });
  }
}
