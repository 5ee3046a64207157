// Unified chat: OpenAI's shape, whatever provider is behind the endpoint; streamed.
import OpenAI from 'openai';

const url = process.env.GATEWAY_URL ?? 'http://127.0.0.1:7071';
const client = new OpenAI({ apiKey: process.env.GATEWAY_KEY ?? 'unused', baseURL: `${url}/mlflow/v1` });

const stream = await client.chat.completions.create({
  model: process.env.MODEL ?? 'demo',
  messages: [{ role: 'user', content: 'Say hello.' }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? '');
console.log();
