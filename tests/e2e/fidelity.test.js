// Command line and Node clients: the same events direct and through the proxy.
import * as curl from './clients/curl.js';
import * as eventsource from './clients/eventsource.js';
import * as fetchEventSource from './clients/fetch_event_source.js';
import { describeFidelity } from './lib/fidelity.js';

for (const client of [curl, eventsource, fetchEventSource]) {
  describeFidelity(`${client.name}: the same events direct and proxied`, () => client, { concurrency: 6 });
}
