import OpenAI from 'openai';
import { check, equal, gateway, includes, key, ok, png, pngHash, providers, thrown, weather, answerSchema } from './harness.mjs';

const client = new OpenAI({ apiKey: key, baseURL: `${gateway}/codex/v1`, maxRetries: 0 });
const tools = [{ type: 'function', name: 'get_weather', description: weather.description, parameters: weather.schema, strict: true }];

function usageIsExact(usage) {
  equal([usage.input_tokens, usage.input_tokens_details.cached_tokens, usage.output_tokens, usage.total_tokens], [20, 8, 9, 29]);
}

for (const provider of providers) {
  const model = (scenario) => `${provider}/${scenario}`;

  await check(provider, 'text', async () => {
    const answer = await client.responses.create({ model: model('text'), instructions: 'Be kind.', input: 'Hi' });
    equal([answer.output_text, answer.status, answer.model, answer.object], ['Hello, wörld 🌍!', 'completed', 'served-model-2026', 'response']);
    usageIsExact(answer.usage);
  });

  await check(provider, 'stream', async () => {
    let text = '', last = -1, final = null;
    const open = new Set();
    for await (const event of await client.responses.create({ model: model('text'), input: 'Hi', stream: true })) {
      ok(event.sequence_number > last, 'sequence_number must grow');
      last = event.sequence_number;
      if (event.type === 'response.output_item.added') open.add(event.output_index);
      if (event.type === 'response.output_text.delta') { ok(open.has(event.output_index)); text += event.delta; }
      if (event.type === 'response.output_item.done') open.delete(event.output_index);
      if (event.type === 'response.completed') final = event.response;
    }
    equal([text, open.size, final.status, final.output[0].content[0].text, final.model], ['Hello, wörld 🌍!', 0, 'completed', text, 'served-model-2026']);
    usageIsExact(final.usage);
  });

  for (const stream of [false, true]) {
    await check(provider, stream ? 'tool loop, streamed' : 'tool loop', async () => {
      const input = [{ role: 'user', content: 'Weather in Zürich?' }];
      const call = async () => stream
        ? await client.responses.stream({ model: model('agent'), input, tools, store: false }).finalResponse()
        : await client.responses.create({ model: model('agent'), input, tools, store: false });
      const first = await call();
      const toolCall = first.output.find((i) => i.type === 'function_call');
      equal([toolCall.name, JSON.parse(toolCall.arguments)], ['get_weather', { city: 'Zürich' }]);
      input.push(...first.output.map(({ parsed_arguments, ...item }) => item), { type: 'function_call_output', call_id: toolCall.call_id, output: '21 °C' });
      equal((await call()).output_text, 'Results: call_a1=21 °C');
    });
  }

  await check(provider, 'parallel tools', async () => {
    const input = [{ role: 'user', content: 'Oslo and Rome?' }];
    const first = await client.responses.stream({ model: model('parallel'), input, tools }).finalResponse();
    const calls = first.output.filter((i) => i.type === 'function_call');
    equal(calls.map((c) => JSON.parse(c.arguments).city), ['Oslo', 'Rome']);
    input.push(...first.output.map(({ parsed_arguments, ...item }) => item), ...calls.map((c, i) => ({ type: 'function_call_output', call_id: c.call_id, output: `r${i}` })));
    equal((await client.responses.create({ model: model('parallel'), input, tools })).output_text, 'Results: call_p1=r0 | call_p2=r1');
  });

  await check(provider, 'reasoning', async () => {
    const answer = await client.responses.create({ model: model('reasoning'), input: 'Think', reasoning: { effort: 'medium', summary: 'auto' } });
    equal(answer.output_text, 'It is 42.');
    equal(answer.output.find((i) => i.type === 'reasoning').summary.map((s) => s.text).join(''), 'Let me think.');
  });

  await check(provider, 'image', async () => {
    const answer = await client.responses.create({ model: model('image'), input: [{ role: 'user', content: [
      { type: 'input_text', text: 'What is it?' }, { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${png.toString('base64')}` }] }] });
    equal(answer.output_text, `sha256 ${pngHash}`);
  });

  await check(provider, 'structured output', async () => {
    const answer = await client.responses.parse({ model: model('json'), input: 'Answer', text: { format: { type: 'json_schema', name: 'answer', strict: true, schema: answerSchema } } });
    equal(JSON.parse(answer.output_text), { answer: 42 });
  });

  await check(provider, 'errors', async () => {
    const limited = await thrown(() => client.responses.create({ model: model('e429'), input: 'x' }));
    equal([limited.status, limited.constructor.name, limited.headers.get('retry-after')], [429, 'RateLimitError', '7']);
    const wrong = await thrown(() => client.responses.create({ model: model('e400'), input: 'x', stream: true }));
    equal([wrong.status, wrong.constructor.name], [400, 'BadRequestError']);
    includes(wrong.message, "The field 'x' is wrong.");
  });

  await check(provider, 'abort', async () => {
    const stream = await client.responses.create({ model: model('slow'), input: 'x', stream: true });
    let seen = 0;
    for await (const _ of stream) {
      if (++seen === 6) break;
    }
    stream.controller.abort();
    equal(seen, 6);
  });

  await check(provider, 'input tokens', async () => {
    const count = await client.responses.inputTokens.count({ model: model('text'), input: 'Hi' });
    ok(count.input_tokens > 0);
    if (provider !== 'chat') equal(count.input_tokens, 20);
  });
}
