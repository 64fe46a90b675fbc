// Chromium, headless: its EventSource, and fetch-event-source where it is at home. Streams are opened by a page
// of the origin that came the same way (direct or through the proxy), relative to it: same origin, no CORS.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { Stream } from './stream.js';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

// The reason to skip the browser tests, or false. CI must not pass without them.
export function skipReason() {
  if (existsSync(EXECUTABLE)) return false;
  const advice = `no Chromium at ${EXECUTABLE}: apt-get install chromium, or set CHROMIUM to its path`;
  if (process.env.CI === 'true') throw new Error(advice);
  return advice;
}

// Runs in the page. `report(number, notes)` is our end of the wire; it is slow, so notes that come meanwhile
// go together.
function openInPage({ number, kind, url, types, reconnect, body, headers }) {
  const notes = [];
  let reporting = false;
  const tell = async (what, event) => {
    notes.push([what, event]);
    if (reporting) return;
    reporting = true;
    while (notes.length > 0) await globalThis.report(number, notes.splice(0));
    reporting = false;
  };
  globalThis.streams ??= new Map();
  if (kind === 'EventSource') {
    const source = new EventSource(url);
    globalThis.streams.set(number, () => source.close());
    for (const type of types) {
      source.addEventListener(type, (event) => {
        tell('received', { type: event.type, data: event.data, id: event.lastEventId });
      });
    }
    source.onopen = () => tell('opened');
    source.onerror = () => {
      tell('failed');
      if (reconnect && source.readyState !== EventSource.CLOSED) return;
      source.close();
      tell('end');
    };
    return;
  }
  const abort = new AbortController();
  globalThis.streams.set(number, () => abort.abort());
  const run = async () => {
    const { fetchEventSource } = await import('/npm/fetch.js');
    await fetchEventSource(url, {
      method: body ? 'POST' : 'GET',
      body,
      headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
      signal: abort.signal,
      openWhenHidden: true,
      async onopen(response) {
        const type = response.headers.get('content-type') ?? '';
        if (!type.startsWith('text/event-stream')) throw new Error(`content-type ${type}`);
        tell('opened');
      },
      onmessage: ({ event, data, id }) => tell('received', { type: event || 'message', data, id }),
      onerror(error) {
        throw error;
      },
    });
  };
  run().catch(() => tell('failed')).finally(() => tell('end'));
}

// For tests that drive pages of their own.
export function launch() {
  return chromium.launch({ executablePath: EXECUTABLE, headless: true, args: FLAGS });
}

export class Browser {
  #browser;
  #pages = new Map(); // by origin, promises
  #streams = [];

  static async launch() {
    const browser = new Browser();
    browser.#browser = await launch();
    return browser;
  }

  close() {
    return this.#browser.close();
  }

  // Closes the tab that streams of `base` were opened in.
  async closeTab(base) {
    const page = await this.#pages.get(base);
    this.#pages.delete(base);
    await page.close();
  }

  eventSource = { name: 'Chromium EventSource', open: (url, how) => this.#open('EventSource', url, how) };

  fetchEventSource = {
    name: 'fetch-event-source in Chromium',
    posts: true,
    idPerEvent: true,
    grammarOfItsOwn: true,
    open: (url, how) => this.#open('fetchEventSource', url, how),
  };

  #open(kind, url, { types = [], reconnect = false, body, headers } = {}) {
    const { origin, pathname, search } = new URL(url);
    const number = this.#streams.length;
    let page;
    const stream = new Stream(() => page.evaluate((n) => globalThis.streams.get(n)(), number));
    this.#streams.push(stream);
    const order = {
      number, kind, url: pathname + search, types: [...new Set(['message', ...types])], reconnect, body, headers,
    };
    const opening = this.#pageOf(origin).then(async (loaded) => {
      page = loaded;
      await page.evaluate(openInPage, order);
    });
    opening.catch((error) => {
      stream.error = error;
      stream.failed();
      stream.end();
    });
    return stream;
  }

  #pageOf(origin) {
    if (!this.#pages.has(origin)) this.#pages.set(origin, this.#load(origin));
    return this.#pages.get(origin);
  }

  async #load(origin) {
    const page = await this.#browser.newPage();
    await page.exposeFunction('report', (number, notes) => {
      for (const [what, event] of notes) this.#streams[number][what](event);
    });
    await page.goto(`${origin}/page.html`);
    return page;
  }
}
