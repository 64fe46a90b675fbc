// Chromium: the same events direct and through the proxy, from a page that came the same way.
import { describe } from 'node:test';
import { describeFidelity } from './lib/fidelity.js';
import { LANES, withBrowser } from './lib/lanes.js';

describe('Chromium', { concurrency: 2 }, () => {
  withBrowser();
  // A browser has six connections per origin; five tests at a time leave room for slow closes.
  for (const lane of [LANES.chromium, LANES.chromiumFetchEventSource]) describeFidelity(lane, 5);
});
