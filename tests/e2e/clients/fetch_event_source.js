// npm `@microsoft/fetch-event-source`, the client for POST, here in Node. It is made for browsers: it takes
// fetch and timers from `window` and asks `document` whether the tab is visible.
import { Stream } from './stream.js';

globalThis.window ??= globalThis;
globalThis.document ??= { hidden: false, addEventListener() {}, removeEventListener() {} };
const { fetchEventSource } = (await import('@microsoft/fetch-event-source')).default;

export const name = 'fetch-event-source';
export const posts = true;
export const idPerEvent = true;
export const grammarOfItsOwn = true; // it takes blank lines for events, and the mark out of data

// It reports every blank line as a message, with empty data after a comment or an id alone: they are kept,
// as the tests for `--keepalive-form` count them.
export function open(url, { body, headers = {} } = {}) {
  const abort = new AbortController();
  const stream = new Stream(() => abort.abort());
  const contentType = body && { 'content-type': 'application/json' };
  const finished = fetchEventSource(url, {
    method: body ? 'POST' : 'GET',
    body,
    headers: { ...contentType, ...headers },
    signal: abort.signal,
    openWhenHidden: true,
    async onopen(response) {
      // As its own default does, and as picky: it compares the type literally.
      const type = response.headers.get('content-type') ?? '';
      if (!type.startsWith('text/event-stream')) throw new Error(`content-type ${type}, status ${response.status}`);
      stream.opened();
    },
    onmessage: ({ event, data, id }) => stream.received({ type: event || 'message', data, id }),
    onerror(error) {
      throw error; // or it would retry
    },
  });
  finished.catch((error) => {
    stream.error = error;
    stream.failed();
  }).finally(() => stream.end());
  return stream;
}
