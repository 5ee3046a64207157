// Columns that several views show, and where their numbers lead.
import { h } from './dom.js';
import { cost, count, duration, number, percent, ratio } from './format.js';
import { FAILED } from './state.js';

const measure = (name, field, title, more) => ({ name, num: true, title, value: row => row[field], cell: row => number(row[field]), ...more });

export const columns = {
  dimension: (name, by) => ({ name, value: row => row[by] }),
  requests: (context, ...by) => measure('Requests', 'requests', null, { bar: true, cell: behind(context, by, {}, row => number(row.requests)) }),
  plainRequests: (context, ...by) => measure('Requests', 'requests', null, { cell: behind(context, by, {}, row => number(row.requests)) }),
  errors: (context, ...by) => ({
    name: 'Errors', num: true, title: 'How many requests did not succeed, and their share', value: row => ratio(row.errors, row.requests),
    cell: row => (row.errors === 0 ? number(0) : behind(context, by, { outcome: FAILED }, () => number(row.errors, `${count(row.errors)} · ${percent(ratio(row.errors, row.requests))}`))(row)),
  }),
  fallbacks: measure('Fallbacks', 'fallbacks', 'Requests that more than one destination was tried for'),
  tokens: measure('Tokens', 'total_tokens', 'Input and output together', { bar: true }),
  plainTokens: measure('Tokens', 'total_tokens', 'Input and output together'),
  input: measure('Input', 'input_tokens', 'What was read from a cache or written to it included'),
  cacheRead: measure('Cache read', 'cache_read_tokens'),
  cacheWrite: measure('Cache write', 'cache_write_tokens'),
  output: measure('Output', 'output_tokens', 'Reasoning included'),
  reasoning: measure('Reasoning', 'reasoning_tokens'),
  audio: measure('Audio', 'audio_tokens'),
  cacheHits: { name: 'Cache hits', num: true, title: 'Share of input tokens that were read from a cache', value: row => row.cache_hit_ratio, cell: row => percent(row.cache_hit_ratio) },
  cost: { name: 'Cost', num: true, title: '≥: requests without a price are not in it', value: row => row.cost_usd, cell: row => cost(row.cost_usd, row.unpriced) },
  time: (name, field, title) => ({ name, num: true, title, value: row => row[field], cell: row => number(row[field], duration(row[field])) }),
};

/** The address of the requests behind a number, which have those values besides what the page is filtered by. */
export const requestsOf = (context, filters) => context.link({ view: 'requests', filters: { ...context.state.filters, ...filters } });

/** A cell that leads to the requests behind its number. */
function behind(context, by, more, content) {
  return row => {
    const href = requestsOf(context, { ...Object.fromEntries(by.map(name => [name, [row[name]]])), ...more });
    return h('a', { class: 'behind', href, title: more.outcome ? 'Show those that failed' : 'Show these requests', dataset: { key: `behind-${href}` } }, content(row));
  };
}

/** Where a row of a breakdown leads: to the same view of that value alone. */
export const drill = (context, by) => row => {
  const { state } = context;
  const already = state.filters[by]?.length === 1 && state.filters[by][0] === row[by];
  return already ? null : { href: context.link({ filters: { ...state.filters, [by]: [row[by]] } }), label: `Only ${row[by]}` };
};
