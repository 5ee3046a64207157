// Runs named checks and prints one JSON line for each: {"provider","check","error"}. Environment: GATEWAY (base URL), KEY.
import { deepStrictEqual as equal, ok } from 'node:assert/strict';
import { createHash } from 'node:crypto';

export { equal, ok };
export const gateway = process.env.GATEWAY;
export const key = process.env.KEY;
export const providers = ['chat', 'responses', 'anthropic', 'gemini'];

// One pixel of PNG; its hash is what the stand-in has to find again.
export const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
export const pngHash = createHash('sha256').update(png).digest('hex');

export const weather = {
  description: 'Weather of a city.',
  schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
};
export const answerSchema = { type: 'object', properties: { answer: { type: 'integer' } }, required: ['answer'], additionalProperties: false };

export async function check(provider, name, run) {
  let error = null;
  try {
    await run();
  } catch (e) {
    error = (e?.stack ?? String(e)).slice(0, 2000);
  }
  console.log(JSON.stringify({ provider, check: name, error }));
}

export async function thrown(run) {
  try {
    await run();
  } catch (e) {
    return e;
  }
  throw new Error('The call should have failed.');
}

export const includes = (text, part) => ok(String(text).includes(part), `${JSON.stringify(text)} lacks ${JSON.stringify(part)}`);
