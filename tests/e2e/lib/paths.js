// Where things are: the repository, the program under test, and what was built beside it.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const BINARY = process.env.SSE_PROXY_BINARY ?? path.join(ROOT, 'build/release/sse-proxy');
export const BUILD = path.dirname(BINARY);
export const MANUAL = path.join(BUILD, 'manual');
