// The event-stream grammar of WHATWG HTML section 9.2.6, on bytes: what the events of a stream *are*,
// independent of any client under test and of the proxy.

const LF = 10, CR = 13;
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

// Bytes in by push(), in any pieces; events {type, data, id} out by `onEvent`. With `idPerEvent` an event has the
// id of its own block only, as npm clients report it; by the standard an id stays until the next one.
export class EventStreamDecoder {
  #onEvent;
  #line = [];
  #firstLine = true;
  #skipLf = false;
  #data = '';
  #type = '';
  #id = '';
  #idPerEvent;

  constructor(onEvent, { idPerEvent = false } = {}) {
    this.#onEvent = onEvent;
    this.#idPerEvent = idPerEvent;
  }

  push(bytes) {
    for (const byte of bytes) {
      const tailOfCrLf = this.#skipLf && byte === LF;
      this.#skipLf = byte === CR;
      if (tailOfCrLf) continue;
      if (byte === CR || byte === LF) this.#endLine();
      else this.#line.push(byte);
    }
  }

  #endLine() {
    let line = utf8.decode(Uint8Array.from(this.#line));
    this.#line = [];
    if (this.#firstLine && line.startsWith('\uFEFF')) line = line.slice(1);
    this.#firstLine = false;
    if (line === '') this.#dispatch();
    else this.#takeField(line);
  }

  #takeField(line) {
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment
    const name = colon < 0 ? line : line.slice(0, colon);
    const rest = colon < 0 ? '' : line.slice(colon + 1);
    const value = rest.startsWith(' ') ? rest.slice(1) : rest;
    if (name === 'data') this.#data += value + '\n';
    else if (name === 'event') this.#type = value;
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
  }

  #dispatch() {
    const event = { type: this.#type || 'message', data: this.#data.slice(0, -1), id: this.#id };
    const hasData = this.#data !== '';
    this.#data = this.#type = '';
    if (this.#idPerEvent) this.#id = '';
    if (hasData) this.#onEvent(event);
  }
}

export function decode(bytes, options) {
  const events = [];
  new EventStreamDecoder((event) => events.push(event), options).push(bytes);
  return events;
}

// The stream cut after each blank line: concatenated, the pieces are the input.
export function splitAtBlankLines(bytes) {
  const pieces = [];
  let start = 0, lineStart = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== LF && bytes[i] !== CR) continue;
    const blank = i === lineStart;
    if (bytes[i] === CR && bytes[i + 1] === LF) i++;
    lineStart = i + 1;
    if (!blank) continue;
    pieces.push(bytes.subarray(start, lineStart));
    start = lineStart;
  }
  if (start < bytes.length) pieces.push(bytes.subarray(start));
  return pieces;
}
