// What the dashboard promises, checked one by one; prints one JSON line for each: {"check","error"}.
import { deepStrictEqual as equal } from 'node:assert/strict';
import { check, close, noise } from './browser.mjs';

await import('./shown.mjs');
await import('./used.mjs');
await import('./edges.mjs');
await check('quiet', async () => equal(noise, []));
await close();
