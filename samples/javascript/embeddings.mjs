// Embeddings, two at once.
import OpenAI from 'openai';

const url = process.env.GATEWAY_URL ?? 'http://127.0.0.1:7071';
const client = new OpenAI({ apiKey: process.env.GATEWAY_KEY ?? 'unused', baseURL: `${url}/mlflow/v1` });

const answer = await client.embeddings.create({ model: process.env.MODEL ?? 'demo', input: ['red', 'green'], dimensions: 8 });
for (const item of answer.data) console.log(item.index, item.embedding);
