// Columns that several views show.
import { cost, count, duration, number, percent, ratio } from './format.js';

const measure = (name, field, title, more) => ({ name, num: true, title, value: row => row[field], cell: row => number(row[field]), ...more });

export const columns = {
  dimension: (name, by) => ({ name, value: row => row[by] }),
  requests: measure('Requests', 'requests', null, { bar: true }),
  plainRequests: measure('Requests', 'requests'),
  errors: { name: 'Errors', num: true, title: 'Share of requests that did not succeed', value: row => ratio(row.errors, row.requests), cell: row => number(row.errors, row.errors === 0 ? '0' : `${count(row.errors)} · ${percent(ratio(row.errors, row.requests))}`) },
  fallbacks: measure('Fallbacks', 'fallbacks', 'Requests that more than one destination was tried for'),
  streams: measure('Streams', 'streams'),
  tokens: measure('Tokens', 'total_tokens', 'Input and output together', { bar: true }),
  plainTokens: measure('Tokens', 'total_tokens', 'Input and output together'),
  input: measure('Input', 'input_tokens', 'What was read from a cache or written to it included'),
  cacheRead: measure('Cache read', 'cache_read_tokens'),
  cacheWrite: measure('Cache write', 'cache_write_tokens'),
  output: measure('Output', 'output_tokens', 'Reasoning included'),
  reasoning: measure('Reasoning', 'reasoning_tokens'),
  audio: measure('Audio', 'audio_tokens'),
  cacheHits: { name: 'Cache hits', num: true, title: 'Share of input tokens that were read from a cache', value: row => row.cache_hit_ratio, cell: row => percent(row.cache_hit_ratio) },
  cost: { name: 'Cost', num: true, value: row => row.cost_usd, cell: row => cost(row.cost_usd, row.unpriced) },
  time: (name, field, title) => ({ name, num: true, title, value: row => row[field], cell: row => number(row[field], duration(row[field])) }),
};

/** Where a row of a breakdown leads: to the same view of that value alone. */
export const drill = (context, by) => row => {
  const { state } = context;
  const already = state.filters[by]?.length === 1 && state.filters[by][0] === row[by];
  return already ? null : { href: context.link({ filters: { ...state.filters, [by]: [row[by]] } }), label: `Only ${row[by]}` };
};
