// Command line and Node clients: the same events direct and through the proxy.
import { describeFidelity } from './lib/fidelity.js';
import { LANES } from './lib/lanes.js';

for (const lane of [LANES.curl, LANES.eventsource, LANES.fetchEventSource]) describeFidelity(lane, 6);
