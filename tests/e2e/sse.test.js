// The yardstick itself: our decoder against events written out by hand, whole, byte by byte and cut at random.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { FIXTURES } from './lib/fixtures.js';
import { cutInPieces } from './lib/pieces.js';
import { decode, EventStreamDecoder, splitAtBlankLines } from './lib/sse.js';

const expected = JSON.parse(readFileSync(new URL('fixtures/grammar.expected.json', import.meta.url)));
const grammar = FIXTURES.grammar.bytes;

function decodePieces(pieces) {
  const events = [];
  const decoder = new EventStreamDecoder((event) => events.push(event));
  for (const piece of pieces) decoder.push(piece);
  return events;
}

describe('the decoder that the other tests measure with', () => {
  it('decodes every corner of the grammar as written by hand', () => {
    assert.deepEqual(decode(grammar), expected);
  });

  it('decodes the same byte by byte', () => {
    assert.deepEqual(decodePieces(Array.from(grammar, (byte) => Uint8Array.of(byte))), expected);
  });

  it('decodes the same cut anywhere', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const pieces = cutInPieces(grammar, seed);
      assert.equal(Buffer.concat(pieces).compare(grammar), 0, `seed ${seed}: the pieces are not the input`);
      assert.deepEqual(decodePieces(pieces), expected, `seed ${seed}`);
    }
  });
});

describe('the recorded streams', () => {
  for (const { name, bytes } of Object.values(FIXTURES)) {
    it(`${name} can be taken apart at its blank lines and put together`, () => {
      assert.equal(Buffer.concat(splitAtBlankLines(bytes)).compare(bytes), 0);
    });
    if (name === 'grammar') continue;
    it(`${name} is JSON in each event, but for [DONE] and MCP's priming event`, () => {
      const events = decode(bytes);
      assert.ok(events.length > 5);
      for (const { data } of events) if (data !== '[DONE]' && data !== '') JSON.parse(data);
    });
  }
});
