// What the shells complete, by pressing the tab key in each of them.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { MANUAL } from './lib/paths.js';
import { within } from './lib/within.js';

// Typed keys, and the arguments that the command then has; some shells join flag and value by `=`.
const LINES = [
  ['--keepalive-fo\tli\t', '--keepalive-form line'],
  ['--log-level=wa\t', '--log-level warn'],
  ['--behind cloudfr\t', '--behind cloudfront'],
  ['--behind alb,cloudfr\t', '--behind alb,cloudfront'],
  ['--tls-client-\tonly-fi\t', '--tls-client-ca only-file.pem'],
  ['ch\t--pri\t', 'check --print'],
  ['--upstream-inse\t', '--upstream-insecure'],
];

// An interactive shell on a terminal of its own, which `script` makes. In it sse-proxy prints its arguments.
class Shell {
  #child;
  #screen = '';
  #wake = () => {};

  static async start(command, setUp) {
    const shell = new Shell();
    const env = { PATH: process.env.PATH, HOME: '/nonexistent', TERM: 'xterm', LC_ALL: 'C.UTF-8' };
    shell.#child = spawn('script', ['-qfec', command, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'ignore'], cwd: folder });
    shell.#child.stdout.setEncoding('utf8').on('data', (text) => {
      shell.#screen += text;
      shell.#wake();
    });
    shell.#child.stdin.write(`${setUp}\n`);
    try {
      await shell.#see('the set-up', /^ready$/m);
    } catch (error) {
      shell.stop();
      throw error;
    }
    return shell;
  }

  async type(keys) {
    this.#screen = '';
    this.#child.stdin.write(`sse-proxy ${keys}\n`);
    const [, args] = await this.#see(keys, /<<(.*)>>/);
    return args.trim();
  }

  stop() {
    this.#child.kill();
  }

  #see(what, pattern) {
    const seen = new Promise((resolve) => {
      this.#wake = () => {
        const match = pattern.exec(this.#screen.replaceAll(/\x1b\[[?0-9;]*[A-Za-z]|\r/g, ''));
        if (match) resolve(match);
      };
      this.#wake();
    });
    return within(20_000, seen, () => `${what}; the screen: ${JSON.stringify(this.#screen)}`);
  }
}

const SHELLS = {
  bash: ['bash --norc --noprofile -i', `source ${MANUAL}/sse-proxy`],
  zsh: ['zsh -f -i', `fpath=(${MANUAL} $fpath); autoload -Uz compinit; compinit -D -u`],
};

let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sse-proxy-completions-'));
  execFileSync('touch', [join(folder, 'only-file.pem')]);
});
after(() => rmSync(folder, { recursive: true }));

for (const [name, [command, setUp]] of Object.entries(SHELLS)) {
  describe(name, () => {
    let shell;
    before(async () => {
      const print = `sse-proxy() { printf '<''<%s>''>' "$*"; }; printf 'rea''dy\\n'`;
      shell = await Shell.start(command, `${setUp}\n${print}`);
    });
    after(() => shell?.stop());
    for (const [keys, expected] of LINES) {
      it(`${JSON.stringify(keys)} becomes ${expected}`, async () => assert.equal((await shell.type(keys)).replace('=', ' '), expected));
    }
  });
}

// fish completes without a terminal.
describe('fish', () => {
  const complete = (line) => {
    const script = `source ${MANUAL}/sse-proxy.fish; complete -C ${JSON.stringify(`sse-proxy ${line}`)}`;
    const found = execFileSync('fish', ['--no-config', '-c', script], { encoding: 'utf8', cwd: folder });
    return found.split('\n').filter(Boolean).map((each) => each.split('\t')[0]);
  };
  for (const [line, expected] of [
    ['--keepalive-fo', '--keepalive-form'],
    ['--keepalive-form li', 'line'],
    ['--log-level=wa', '--log-level=warn'],
    ['--behind alb,cloudfr', 'alb,cloudfront'],
    ['--tls-client-ca only-fi', 'only-file.pem'],
    ['ch', 'check'],
    ['check --pri', '--print'],
    ['--upstream-inse', '--upstream-insecure'],
  ]) {
    it(`${line} becomes ${expected}`, () => assert.deepEqual(complete(line), [expected]));
  }
});
