// OpenAI Responses: the model asks for a tool, gets its result, and answers.
import OpenAI from 'openai';

const url = process.env.GATEWAY_URL ?? 'http://127.0.0.1:7071';
const client = new OpenAI({ apiKey: process.env.GATEWAY_KEY ?? 'unused', baseURL: `${url}/openai/v1` });
const model = process.env.MODEL ?? 'demo';
const tools = [{
  type: 'function', name: 'get_weather', strict: true,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
}];

const input = [{ role: 'user', content: 'What is the weather in Zurich?' }];
const first = await client.responses.create({ model, input, tools });
input.push(...first.output);
for (const call of first.output.filter((item) => item.type === 'function_call')) {
  console.log('tool:', call.name, call.arguments);
  input.push({ type: 'function_call_output', call_id: call.call_id, output: '21 degrees' });
}
console.log((await client.responses.create({ model, input, tools })).output_text);
