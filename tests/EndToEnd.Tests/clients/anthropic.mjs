import Anthropic from '@anthropic-ai/sdk';
import { check, equal, gateway, includes, key, ok, png, pngHash, providers, thrown, weather, answerSchema } from './harness.mjs';

const client = new Anthropic({ apiKey: key, baseURL: `${gateway}/anthropic`, maxRetries: 0 });
const tools = [{ name: 'get_weather', description: weather.description, input_schema: weather.schema }];
const ask = (model, content, more = {}) => ({ model, max_tokens: 4096, messages: [{ role: 'user', content }], ...more });
const text = (message) => message.content.filter((b) => b.type === 'text').map((b) => b.text).join('');

function usageIsExact(usage) {
  equal([usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens], [12, 8, 9]);
}

for (const provider of providers) {
  const model = (scenario) => `${provider}/${scenario}`;

  await check(provider, 'text', async () => {
    const answer = await client.messages.create(ask(model('text'), 'Hi', { system: 'Be kind.' }));
    equal([text(answer), answer.stop_reason, answer.model, answer.role, answer.type], ['Hello, wörld 🌍!', 'end_turn', 'served-model-2026', 'assistant', 'message']);
    usageIsExact(answer.usage);
  });

  await check(provider, 'stream', async () => {
    const stream = client.messages.stream(ask(model('text'), 'Hi'));
    let start = null, delta = null;
    stream.on('streamEvent', (e) => { if (e.type === 'message_start') start = structuredClone(e.message.usage); if (e.type === 'message_delta') delta = e.usage; });
    const answer = await stream.finalMessage();
    equal([text(answer), answer.stop_reason, answer.model], ['Hello, wörld 🌍!', 'end_turn', 'served-model-2026']);
    ok(start.input_tokens > 0, 'message_start must name the input tokens');
    usageIsExact({ ...start, ...delta });
    usageIsExact(answer.usage);
  });

  for (const stream of [false, true]) {
    await check(provider, stream ? 'tool loop, streamed' : 'tool loop', async () => {
      const request = ask(model('agent'), 'Weather in Zürich?', { tools });
      const call = async () => stream ? await client.messages.stream(request).finalMessage() : await client.messages.create(request);
      const first = await call();
      equal(first.stop_reason, 'tool_use');
      const use = first.content.find((b) => b.type === 'tool_use');
      equal([use.name, use.input], ['get_weather', { city: 'Zürich' }]);
      request.messages.push({ role: 'assistant', content: first.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: '21 °C' }] });
      equal(text(await call()), 'Results: call_a1=21 °C');
    });
  }

  await check(provider, 'parallel tools', async () => {
    const request = ask(model('parallel'), 'Oslo and Rome?', { tools });
    const first = await client.messages.stream(request).finalMessage();
    const uses = first.content.filter((b) => b.type === 'tool_use');
    equal(uses.map((u) => u.input.city), ['Oslo', 'Rome']);
    equal(text(first), 'Looking it up.');
    request.messages.push({ role: 'assistant', content: first.content }, { role: 'user', content: uses.map((u, i) => ({ type: 'tool_result', tool_use_id: u.id, content: [{ type: 'text', text: `r${i}` }] })) });
    equal(text(await client.messages.create(request)), 'Results: call_p1=r0 | call_p2=r1');
  });

  await check(provider, 'reasoning', async () => {
    const answer = await client.messages.stream(ask(model('reasoning'), 'Think', { thinking: { type: 'enabled', budget_tokens: 1024 } })).finalMessage();
    equal(text(answer), 'It is 42.');
    equal(answer.content.filter((b) => b.type === 'thinking').map((b) => b.thinking).join(''), 'Let me think.');
  });

  await check(provider, 'image', async () => {
    const answer = await client.messages.create(ask(model('image'), [
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png.toString('base64') } }, { type: 'text', text: 'What is it?' }]));
    equal(text(answer), `sha256 ${pngHash}`);
  });

  await check(provider, 'structured output', async () => {
    const answer = await client.messages.create(ask(model('json'), 'Answer', { output_config: { format: { type: 'json_schema', schema: answerSchema } } }));
    equal(JSON.parse(text(answer)), { answer: 42 });
  });

  await check(provider, 'errors', async () => {
    const limited = await thrown(() => client.messages.create(ask(model('e429'), 'x')));
    equal([limited.status, limited.constructor.name, limited.headers.get('retry-after'), limited.error.error.type], [429, 'RateLimitError', '7', 'rate_limit_error']);
    includes(limited.message, 'Slow down');
    const wrong = await thrown(() => client.messages.create(ask(model('e400'), 'x', { stream: true })));
    equal([wrong.status, wrong.constructor.name, wrong.error.type], [400, 'BadRequestError', 'error']);
    includes(wrong.message, "The field 'x' is wrong.");
    const missing = await thrown(() => client.messages.create(ask('no/such', 'x')));
    equal([missing.status, missing.error.error.type], [404, 'not_found_error']);
  });

  await check(provider, 'abort', async () => {
    const stream = await client.messages.create(ask(model('slow'), 'x', { stream: true }));
    let seen = 0;
    for await (const _ of stream) {
      if (++seen === 6) break;
    }
    stream.controller.abort();
    equal(seen, 6);
  });

  await check(provider, 'count tokens', async () => {
    const count = await client.messages.countTokens({ model: model('text'), messages: [{ role: 'user', content: 'Hi' }] });
    ok(count.input_tokens > 0);
    if (provider !== 'chat') equal(count.input_tokens, 20);
  });
}

await check('anthropic', 'models', async () => {
  const ids = [];
  for await (const m of client.models.list({ limit: 5 })) ids.push(m.id);
  ok(ids.includes('chat/text') && ids.includes('gemini/text'), ids.join());
});

await check('anthropic', 'both credentials', async () => {
  const both = new Anthropic({ apiKey: 'unused', defaultHeaders: { Authorization: `Bearer ${key}` }, baseURL: `${gateway}/ai-gateway/anthropic`, maxRetries: 0 });
  equal(text(await both.messages.create(ask('anthropic/text', 'Hi'))), 'Hello, wörld 🌍!');
});
