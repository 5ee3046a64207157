// Anthropic Messages, streamed.
import Anthropic from '@anthropic-ai/sdk';

const url = process.env.GATEWAY_URL ?? 'http://127.0.0.1:7071';
const client = new Anthropic({ apiKey: process.env.GATEWAY_KEY ?? 'unused', baseURL: `${url}/anthropic` });

const stream = client.messages.stream({ model: process.env.MODEL ?? 'demo', max_tokens: 256, messages: [{ role: 'user', content: 'Say hello.' }] });
stream.on('text', (text) => process.stdout.write(text));
await stream.finalMessage();
console.log();
