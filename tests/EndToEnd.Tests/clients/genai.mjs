import { GoogleGenAI } from '@google/genai';
import { check, equal, gateway, includes, key, ok, png, pngHash, providers, thrown, weather, answerSchema } from './harness.mjs';

const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: `${gateway}/gemini` } });
const tools = [{ functionDeclarations: [{ name: 'get_weather', description: weather.description, parametersJsonSchema: weather.schema }] }];

function usageIsExact(usage) {
  equal([usage.promptTokenCount, usage.cachedContentTokenCount, (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0), usage.totalTokenCount], [20, 8, 9, 29]);
}

for (const provider of providers) {
  const model = (scenario) => `${provider}/${scenario}`;

  await check(provider, 'text', async () => {
    const answer = await client.models.generateContent({ model: model('text'), contents: 'Hi', config: { systemInstruction: 'Be kind.' } });
    equal([answer.text, answer.candidates[0].finishReason, answer.modelVersion], ['Hello, wörld 🌍!', 'STOP', 'served-model-2026']);
    usageIsExact(answer.usageMetadata);
  });

  await check(provider, 'stream', async () => {
    let text = '', last = null;
    for await (const chunk of await client.models.generateContentStream({ model: model('text'), contents: 'Hi' })) {
      text += chunk.text ?? '';
      last = chunk;
    }
    equal([text, last.candidates[0].finishReason, last.modelVersion], ['Hello, wörld 🌍!', 'STOP', 'served-model-2026']);
    usageIsExact(last.usageMetadata);
  });

  for (const stream of [false, true]) {
    await check(provider, stream ? 'tool loop, streamed' : 'tool loop', async () => {
      const contents = [{ role: 'user', parts: [{ text: 'Weather in Zürich?' }] }];
      const call = async () => {
        if (!stream) return (await client.models.generateContent({ model: model('agent'), contents, config: { tools } })).candidates[0].content;
        const parts = [];
        for await (const chunk of await client.models.generateContentStream({ model: model('agent'), contents, config: { tools } })) parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
        return { role: 'model', parts };
      };
      const first = await call();
      const { functionCall } = first.parts.find((p) => p.functionCall);
      equal([functionCall.name, functionCall.args], ['get_weather', { city: 'Zürich' }]);
      contents.push(first, { role: 'user', parts: [{ functionResponse: { id: functionCall.id, name: functionCall.name, response: { output: '21 °C' } } }] });
      equal((await call()).parts.map((p) => p.text ?? '').join(''), 'Results: call_a1=21 °C');
    });
  }

  await check(provider, 'parallel tools', async () => {
    const contents = [{ role: 'user', parts: [{ text: 'Oslo and Rome?' }] }];
    const first = await client.models.generateContent({ model: model('parallel'), contents, config: { tools } });
    equal(first.functionCalls.map((c) => c.args.city), ['Oslo', 'Rome']);
    contents.push(first.candidates[0].content, { role: 'user', parts: first.functionCalls.map((c, i) => ({ functionResponse: { id: c.id, name: c.name, response: { output: `r${i}` } } })) });
    equal((await client.models.generateContent({ model: model('parallel'), contents, config: { tools } })).text, 'Results: call_p1=r0 | call_p2=r1');
  });

  await check(provider, 'reasoning', async () => {
    const answer = await client.models.generateContent({ model: model('reasoning'), contents: 'Think', config: { thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } } });
    const parts = answer.candidates[0].content.parts;
    equal(parts.filter((p) => !p.thought).map((p) => p.text).join(''), 'It is 42.');
    equal(parts.filter((p) => p.thought).map((p) => p.text).join(''), 'Let me think.');
  });

  await check(provider, 'image', async () => {
    const answer = await client.models.generateContent({ model: model('image'), contents: [{ role: 'user', parts: [{ text: 'What is it?' }, { inlineData: { mimeType: 'image/png', data: png.toString('base64') } }] }] });
    equal(answer.text, `sha256 ${pngHash}`);
  });

  await check(provider, 'structured output', async () => {
    const answer = await client.models.generateContent({ model: model('json'), contents: 'Answer', config: { responseMimeType: 'application/json', responseJsonSchema: answerSchema } });
    equal(JSON.parse(answer.text), { answer: 42 });
  });

  await check(provider, 'errors', async () => {
    const limited = await thrown(() => client.models.generateContent({ model: model('e429'), contents: 'x' }));
    equal([limited.status, limited.name], [429, 'ApiError']);
    includes(limited.message, 'RESOURCE_EXHAUSTED');
    const wrong = await thrown(() => client.models.generateContent({ model: model('e400'), contents: 'x' }));
    equal(wrong.status, 400);
    includes(wrong.message, "The field 'x' is wrong.");
    const missing = await thrown(() => client.models.generateContent({ model: 'no/such', contents: 'x' }));
    equal(missing.status, 404);
    includes(missing.message, 'NOT_FOUND');
  });

  await check(provider, 'abort', async () => {
    const abort = new AbortController();
    let seen = 0;
    await thrown(async () => {
      for await (const _ of await client.models.generateContentStream({ model: model('slow'), contents: 'x', config: { abortSignal: abort.signal } })) {
        if (++seen === 4) abort.abort();
      }
    });
    ok(seen >= 4 && seen < 600);
  });

  await check(provider, 'count tokens', async () => {
    const count = await client.models.countTokens({ model: model('text'), contents: 'Hi' });
    ok(count.totalTokens > 0);
    if (provider !== 'chat') equal(count.totalTokens, 20);
  });
}

for (const provider of ['chat', 'gemini']) {
  await check(provider, 'embeddings', async () => {
    const answer = await client.models.embedContent({ model: `${provider}/embed`, contents: ['a', 'b'] });
    equal(answer.embeddings.map((e) => e.values), [[0.5, -0.25, 1], [1.5, -0.25, 1]]);
  });
}

await check('gemini', 'models', async () => {
  const names = [];
  for await (const m of await client.models.list({ config: { pageSize: 5 } })) names.push(m.name);
  ok(names.includes('models/chat/text') && names.includes('models/gemini/text'), names.join());
});
