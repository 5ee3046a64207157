import OpenAI from 'openai';
import { check, equal, gateway, includes, key, ok, png, pngHash, providers, thrown, weather, answerSchema } from './harness.mjs';

const client = new OpenAI({ apiKey: key, baseURL: `${gateway}/openai/v1`, maxRetries: 0 });
const tools = [{ type: 'function', function: { name: 'get_weather', description: weather.description, parameters: weather.schema } }];
const user = (content) => [{ role: 'user', content }];

function usageIsExact(usage) {
  equal([usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens, usage.completion_tokens, usage.total_tokens], [20, 8, 9, 29]);
}

for (const provider of providers) {
  const model = (scenario) => `${provider}/${scenario}`;

  await check(provider, 'text', async () => {
    const answer = await client.chat.completions.create({ model: model('text'), messages: [{ role: 'system', content: 'Be kind.' }, ...user('Hi')] });
    equal(answer.choices[0].message.content, 'Hello, wörld 🌍!');
    equal([answer.object, answer.model, answer.choices[0].finish_reason, answer.choices[0].message.role], ['chat.completion', 'served-model-2026', 'stop', 'assistant']);
    ok(answer.id && answer.created > 0);
    usageIsExact(answer.usage);
  });

  await check(provider, 'stream', async () => {
    let text = '', finish = null, usage = null, role = null, model_ = null;
    for await (const chunk of await client.chat.completions.create({ model: model('text'), messages: user('Hi'), stream: true, stream_options: { include_usage: true } })) {
      text += chunk.choices[0]?.delta?.content ?? '';
      role ??= chunk.choices[0]?.delta?.role ?? null;
      finish ??= chunk.choices[0]?.finish_reason ?? null;
      usage = chunk.usage ?? usage;
      model_ = chunk.model;
    }
    equal([text, finish, role, model_], ['Hello, wörld 🌍!', 'stop', 'assistant', 'served-model-2026']);
    usageIsExact(usage);
  });

  await check(provider, 'stream without usage', async () => {
    for await (const chunk of await client.chat.completions.create({ model: model('text'), messages: user('Hi'), stream: true })) {
      ok(!chunk.usage, 'a usage chunk that nobody asked for');
      ok(chunk.choices.length > 0, 'an empty chunk');
    }
  });

  for (const stream of [false, true]) {
    await check(provider, stream ? 'tool loop, streamed' : 'tool loop', async () => {
      const messages = user('Weather in Zürich?');
      const call = async () => stream
        ? await client.chat.completions.stream({ model: model('agent'), messages, tools }).finalChatCompletion()
        : await client.chat.completions.create({ model: model('agent'), messages, tools });
      const first = await call();
      equal(first.choices[0].finish_reason, 'tool_calls');
      const [toolCall] = first.choices[0].message.tool_calls;
      equal([toolCall.type, toolCall.function.name, JSON.parse(toolCall.function.arguments)], ['function', 'get_weather', { city: 'Zürich' }]);
      messages.push(first.choices[0].message, { role: 'tool', tool_call_id: toolCall.id, content: '21 °C' });
      const second = await call();
      equal(second.choices[0].message.content, 'Results: call_a1=21 °C');
      equal(second.choices[0].finish_reason, 'stop');
    });
  }

  await check(provider, 'parallel tools', async () => {
    const messages = user('Oslo and Rome?');
    const first = await client.chat.completions.stream({ model: model('parallel'), messages, tools }).finalChatCompletion();
    const calls = first.choices[0].message.tool_calls;
    equal(calls.map((c) => JSON.parse(c.function.arguments).city), ['Oslo', 'Rome']);
    equal(first.choices[0].message.content, 'Looking it up.');
    messages.push(first.choices[0].message, ...calls.map((c, i) => ({ role: 'tool', tool_call_id: c.id, content: `r${i}` })));
    const second = await client.chat.completions.create({ model: model('parallel'), messages, tools });
    equal(second.choices[0].message.content, 'Results: call_p1=r0 | call_p2=r1');
  });

  await check(provider, 'reasoning', async () => {
    const answer = await client.chat.completions.create({ model: model('reasoning'), messages: user('Think'), reasoning_effort: 'medium' });
    equal(answer.choices[0].message.content, 'It is 42.');
    equal(answer.choices[0].message.reasoning_content, 'Let me think.');
    usageIsExact(answer.usage);
  });

  await check(provider, 'image', async () => {
    const answer = await client.chat.completions.create({ model: model('image'), messages: user([
      { type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${png.toString('base64')}` } }]) });
    equal(answer.choices[0].message.content, `sha256 ${pngHash}`);
  });

  await check(provider, 'structured output', async () => {
    const answer = await client.chat.completions.parse({ model: model('json'), messages: user('Answer'),
      response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: answerSchema } } });
    equal(JSON.parse(answer.choices[0].message.content), { answer: 42 });
  });

  await check(provider, 'errors', async () => {
    const limited = await thrown(() => client.chat.completions.create({ model: model('e429'), messages: user('x') }));
    equal([limited.status, limited.constructor.name, limited.headers.get('retry-after')], [429, 'RateLimitError', '7']);
    includes(limited.message, 'Slow down');
    const wrong = await thrown(() => client.chat.completions.create({ model: model('e400'), messages: user('x'), stream: true }));
    equal([wrong.status, wrong.constructor.name], [400, 'BadRequestError']);
    includes(wrong.message, "The field 'x' is wrong.");
    const missing = await thrown(() => client.chat.completions.create({ model: 'no/such', messages: user('x') }));
    equal([missing.status, missing.constructor.name], [404, 'NotFoundError']);
  });

  await check(provider, 'abort', async () => {
    const stream = await client.chat.completions.create({ model: model('slow'), messages: user('x'), stream: true });
    let seen = 0;
    for await (const _ of stream) {
      if (++seen === 4) break;
    }
    stream.controller.abort();
    equal(seen, 4);
  });
}

await check('chat', 'embeddings', async () => {
  const answer = await client.embeddings.create({ model: 'chat/embed', input: ['a', 'b'] });
  // Same dialect on both sides: the provider's own order is handed on, with its indices.
  equal(answer.data.toSorted((a, b) => a.index - b.index).map((d) => d.embedding), [[0.5, -0.25, 1], [1.5, -0.25, 1]]);
  equal([Math.max(...answer.data.map((d) => d.index)), answer.usage.prompt_tokens], [1, 20]);
});

await check('gemini', 'embeddings', async () => {
  const base64 = await client.embeddings.create({ model: 'gemini/embed', input: ['a', 'b'] });
  equal(base64.data.map((d) => d.embedding), [[0.5, -0.25, 1], [1.5, -0.25, 1]]);
  const floats = await client.embeddings.create({ model: 'gemini/embed', input: 'a', encoding_format: 'float' });
  equal(floats.data.map((d) => d.embedding), [[0.5, -0.25, 1]]);
});

await check('chat', 'models', async () => {
  const ids = [];
  for await (const m of client.models.list()) ids.push(m.id);
  ok(ids.includes('chat/text') && ids.includes('gemini/embed'), ids.join());
  equal((await client.models.retrieve('chat/text')).id, 'chat/text');
});

await check('chat', 'wrong key', async () => {
  const denied = await thrown(() => new OpenAI({ apiKey: 'wrong', baseURL: `${gateway}/v1`, maxRetries: 0 }).chat.completions.create({ model: 'chat/text', messages: user('x') }));
  equal([denied.status, denied.constructor.name], [401, 'AuthenticationError']);
});
