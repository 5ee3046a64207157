// What happened, at a glance.
import { h } from '../dom.js';
import { card, figures } from '../card.js';
import { timeChart } from '../chart.js';
import { columns, drill, requestsOf } from '../columns.js';
import { change, count, cost, dollars, duration, number, percent, ratio } from '../format.js';
import { steps, usage, usageParameters, values } from '../report.js';
import { FAILED } from '../state.js';
import { sortedTable } from '../table.js';

const TOP = [['endpoint', 'Endpoints', 'Endpoint'], ['model', 'Models', 'Model'], ['principal', 'Callers', 'Principal'], ['provider', 'Providers', 'Provider']];

export function create(context) {
  const strip = figures('Totals');
  const series = { requests: 'Requests', tokens: 'Tokens', latency: 'Latency', cost: 'Cost' };
  const csv = name => () => ({ path: 'usage', parameters: usageParameters(context.state, context.span, { interval: context.span.interval }), name: `${name}-over-time.csv` });
  const charts = Object.fromEntries(Object.entries(series).map(([id, title]) => [id, timeChart(`${title} over time`, context)]));
  const tables = TOP.map(([by, title, name]) => {
    const table = sortedTable(title, [columns.dimension(name, by), columns.requests(context, by), columns.errors(context, by), columns.plainTokens, columns.cost, columns.time('Latency p90', 'latency_p90_ms', 'What nine of ten requests do not pass')], { link: drill(context, by), sort: 'Requests' });
    return { by, table, card: card(title, { csv: () => ({ path: 'usage', parameters: usageParameters(context.state, context.span, { groupBy: by }), name: `usage-by-${by}.csv` }) }, table) };
  });
  const element = h('div', { class: 'view' }, strip,
    h('div', { class: 'grid' },
      Object.entries(series).map(([id, title]) => card(title, { csv: csv(id) }, charts[id])),
      tables.map(t => t.card)));

  async function load(signal) {
    const { state, span } = context;
    const [over, before, ...tops] = await Promise.all([
      usage(state, span, { interval: span.interval }, signal),
      usage(state, span.before, { limit: 1 }, signal),
      ...TOP.map(([by]) => usage(state, span, { groupBy: by }, signal)),
    ]);
    strip.show(totals(context, over.total, before.total));
    const starts = steps(span);
    const base = { starts, interval: span.interval, to: span.to, clock: context.clock };
    const of = (measure, otherwise = 0) => values(over.rows, starts, measure, otherwise);
    const { total } = over;
    charts.requests.show({
      ...base, kind: 'stack', unit: 'count', series: [
        { name: 'succeeded', color: 'c1', values: of('requests').map((all, i) => all - of('errors')[i]), total: count(total.requests - total.errors) },
        { name: 'failed', color: 'bad', values: of('errors'), total: count(total.errors) },
      ],
    });
    charts.tokens.show({ ...base, kind: 'stack', unit: 'count', series: tokenKinds(over.rows, starts, total) });
    charts.latency.show({ ...base, kind: 'lines', unit: 'duration', series: percentiles(over.rows, starts, total, 'latency') });
    charts.cost.show({
      ...base, kind: 'stack', unit: 'dollars', note: costNote(total),
      series: [{ name: 'cost', color: 'c7', values: of('cost_usd'), total: dollars(total.cost_usd) }],
    });
    tables.forEach((t, i) => t.table.show(tops[i].rows, tops[i].row_count));
    return total;
  }

  return { element, load };
}

/** Tokens by kind: the kinds that a bill knows, which do not overlap. */
export function tokenKinds(rows, starts, total) {
  const of = measure => values(rows, starts, measure, 0);
  const [input, read, written] = [of('input_tokens'), of('cache_read_tokens'), of('cache_write_tokens')];
  const fresh = Math.max(0, total.input_tokens - total.cache_read_tokens - total.cache_write_tokens);
  return [
    { name: 'input', color: 'c1', values: input.map((all, i) => Math.max(0, all - read[i] - written[i])), total: count(fresh) },
    { name: 'cache read', color: 'c2', values: read, total: count(total.cache_read_tokens) },
    { name: 'cache write', color: 'c4', values: written, total: count(total.cache_write_tokens) },
    { name: 'output', color: 'c3', values: of('output_tokens'), total: count(total.output_tokens) },
  ];
}

/** The three percentiles of a time. */
export const percentiles = (rows, starts, total, name) => [['p50', 'c2'], ['p90', 'c1'], ['p99', 'c4']].map(([share, color]) => ({
  name: share, color, values: values(rows, starts, `${name}_${share}_ms`, null), total: duration(total[`${name}_${share}_ms`]),
}));

/** Why there is no cost to show. */
export const costNote = total => (total.cost_usd === null
  ? `No price is known for what was used: ${count(total.unpriced)} requests are unpriced.`
  : total.cost_usd === 0 && total.requests > 0 ? `Nothing here cost anything${total.unpriced > 0 ? `, as far as prices are known: ${count(total.unpriced)} requests are unpriced` : ''}.` : null);

function totals(context, total, before) {
  const errors = ratio(total.errors, total.requests);
  return [
    { name: 'Requests', value: number(total.requests), href: requestsOf(context, {}), hrefTitle: 'Show these requests', note: change(total.requests, before.requests) },
    { name: 'Errors', value: number(errors, percent(errors)), href: total.errors > 0 ? requestsOf(context, { outcome: FAILED }) : null, hrefTitle: 'Show those that failed', note: `${count(total.errors)} failed${total.open ? `, ${count(total.open)} running` : ''}`, tone: errors > 0.05 ? 'is-bad' : null },
    { name: 'Tokens', value: number(total.total_tokens), note: change(total.total_tokens, before.total_tokens) },
    { name: 'Cost', value: cost(total.cost_usd, total.unpriced), note: total.unpriced > 0 ? `${count(total.unpriced)} unpriced` : change(total.cost_usd, before.cost_usd) },
    { name: 'Cache hits', value: number(total.cache_hit_ratio, percent(total.cache_hit_ratio)), note: 'of input tokens' },
    { name: 'Latency p50', value: number(total.latency_p50_ms, duration(total.latency_p50_ms)), note: `p90 ${duration(total.latency_p90_ms)}` },
    { name: 'Latency p99', value: number(total.latency_p99_ms, duration(total.latency_p99_ms)), note: `${count(total.streams)} streams` },
    { name: 'First token p50', value: number(total.first_token_p50_ms, duration(total.first_token_p50_ms)), note: `p90 ${duration(total.first_token_p90_ms)}` },
  ];
}
