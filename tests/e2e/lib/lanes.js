// The clients of a test file: Node's and curl always, Chromium's where there is one.
import { after, before } from 'node:test';
import { Browser, skipReason } from '../clients/chromium.js';
import * as curl from '../clients/curl.js';
import * as eventsource from '../clients/eventsource.js';
import * as fetchEventSource from '../clients/fetch_event_source.js';

export { curl, eventsource, fetchEventSource };

const noBrowser = skipReason();
let browser;

// To be called in the outermost describe of a file that uses the Chromium lanes.
export function withBrowser() {
  before(async () => {
    if (!noBrowser) browser = await Browser.launch();
  });
  after(() => browser?.close());
}

export const getBrowser = () => browser;
export const browserTest = { skip: noBrowser };

const lane = (client) => ({ name: client.name, client: () => client, skip: false });
const browserLane = (name, key) => ({ name, client: () => browser[key], skip: noBrowser });

// {name, client(), skip}; `skip` goes to node:test. `client` is a function, as the browser starts with the tests.
export const LANES = {
  curl: lane(curl),
  eventsource: lane(eventsource),
  fetchEventSource: lane(fetchEventSource),
  chromium: browserLane('Chromium EventSource', 'eventSource'),
  chromiumFetchEventSource: browserLane('fetch-event-source in Chromium', 'fetchEventSource'),
};
