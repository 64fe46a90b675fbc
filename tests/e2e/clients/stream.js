// What a client has received so far, the same for every client, and a way to wait for more of it.
import { within } from '../lib/within.js';

export class Stream {
  events = []; // {type, data, id, at}; `at` in ms since the epoch
  opens = 0; // responses accepted
  errors = 0; // connections lost or refused, where the client tells
  ended = false; // no more will come: the client has finished or given up
  #close;
  #waiting = new Set();

  // `close` makes the client drop the connection.
  constructor(close) {
    this.#close = close;
  }

  opened() {
    this.opens++;
    this.#changed();
  }

  received({ type, data, id }) {
    this.events.push({ type, data, id, at: Date.now() });
    this.#changed();
  }

  failed() {
    this.errors++;
    this.#changed();
  }

  end() {
    this.ended = true;
    this.#changed();
  }

  close() {
    return this.#close();
  }

  until(condition, what, milliseconds = 20_000) {
    const met = new Promise((resolve) => {
      const check = () => {
        if (!condition(this)) return;
        this.#waiting.delete(check);
        resolve(this);
      };
      this.#waiting.add(check);
      check();
    });
    return within(milliseconds, met, () => `${what}; ${this.events.length} events had come`);
  }

  count(n) {
    return this.until(() => this.events.length >= n, `event ${n}`, 10_000);
  }

  finished() {
    return this.until(() => this.ended, 'the end of the stream');
  }

  // Without the arrival times: what is compared.
  decoded() {
    return this.events.map(({ type, data, id }) => ({ type, data, id }));
  }

  #changed() {
    for (const check of [...this.#waiting]) check();
  }
}
