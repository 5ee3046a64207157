// Unified responses: OpenAI's newer shape, whatever provider is behind the endpoint.
import OpenAI from 'openai';

const url = process.env.GATEWAY_URL ?? 'http://127.0.0.1:7071';
const client = new OpenAI({ apiKey: process.env.GATEWAY_KEY ?? 'unused', baseURL: `${url}/mlflow/v1` });

console.log((await client.responses.create({ model: process.env.MODEL ?? 'demo', input: 'Say hello.' })).output_text);
