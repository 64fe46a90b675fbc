// npm `eventsource`, the EventSource of Node programs.
import { EventSource } from 'eventsource';
import { Stream } from './stream.js';

export const name = 'eventsource';
export const idPerEvent = true; // its lastEventId is that of the event alone

// `types` are the event names to listen for besides "message". With `reconnect` the first lost connection
// is not the end.
export function open(url, { types = [], reconnect = false } = {}) {
  const source = new EventSource(url);
  const stream = new Stream(() => source.close());
  for (const type of new Set(['message', ...types])) {
    source.addEventListener(type, (event) => {
      stream.received({ type: event.type, data: event.data, id: event.lastEventId });
    });
  }
  source.onopen = () => stream.opened();
  source.onerror = () => {
    stream.failed();
    if (reconnect && source.readyState !== source.CLOSED) return;
    source.close();
    stream.end();
  };
  return stream;
}
