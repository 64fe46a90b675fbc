// Chromium: the same events direct and through the proxy, from a page that came the same way.
import { after, before, describe } from 'node:test';
import { Browser, skipReason } from './clients/chromium.js';
import { describeFidelity } from './lib/fidelity.js';

const skip = skipReason();

describe('Chromium', { skip }, () => {
  let browser;
  before(async () => {
    browser = await Browser.launch();
  });
  after(() => browser?.close());
  // A browser has six connections per origin; three tests at a time leave room for slow closes.
  for (const client of ['eventSource', 'fetchEventSource']) {
    describeFidelity(`Chromium's ${client}: the same events direct and proxied`, () => browser[client], { concurrency: 3 });
  }
});
