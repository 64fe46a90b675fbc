// Where a body is cut into writes. Seeded: a failing seed fails again.

// mulberry32: small, and the same numbers on every machine.
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const isInsideCrLf = (bytes, i) => bytes[i - 1] === 13 && bytes[i] === 10;
const isInsideCharacter = (bytes, i) => (bytes[i] & 0xc0) === 0x80;

// Pieces of random size, about 75 of them; half of all CR LF pairs and a quarter of the places inside a
// UTF-8 sequence are cut as well, since those are the cuts that readers get wrong.
export function cutInPieces(bytes, seed) {
  const random = seededRandom(seed);
  const largest = Math.max(8, Math.ceil(bytes.length / 38));
  const pieces = [];
  let start = 0, next = 1 + Math.floor(random() * largest);
  for (let i = 1; i < bytes.length; i++) {
    const nasty = isInsideCrLf(bytes, i) ? 0.5 : isInsideCharacter(bytes, i) ? 0.25 : 0;
    if (i < next && !(nasty && random() < nasty)) continue;
    pieces.push(bytes.subarray(start, i));
    start = i;
    next = i + 1 + Math.floor(random() * largest);
  }
  pieces.push(bytes.subarray(start));
  return pieces;
}
