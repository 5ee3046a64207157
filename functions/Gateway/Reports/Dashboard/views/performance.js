// How fast, and how often not at all.
import { h } from '../dom.js';
import { card, choice } from '../card.js';
import { timeChart } from '../chart.js';
import { columns, drill } from '../columns.js';
import { count, duration } from '../format.js';
import { steps, topSeries, toned, usage, usageParameters, values } from '../report.js';
import { dimensions } from '../state.js';
import { sortedTable } from '../table.js';
import { percentiles } from './overview.js';

const MEASURES = [
  ['latency_p50_ms', 'latency p50'], ['latency_p90_ms', 'latency p90'], ['latency_p99_ms', 'latency p99'],
  ['first_token_p50_ms', 'first token p50'], ['first_token_p90_ms', 'first token p90'], ['first_token_p99_ms', 'first token p99'],
];

export function create(context) {
  const chosen = () => ({ by: dimensions[context.state.by] ? context.state.by : 'model', measure: MEASURES.some(([m]) => m === context.state.measure) ? context.state.measure : 'latency_p90_ms' });
  const over = groupBy => () => ({ path: 'usage', parameters: usageParameters(context.state, context.span, { interval: context.span.interval, groupBy }), name: groupBy ? `performance-by-${groupBy}-over-time.csv` : 'performance-over-time.csv' });
  const charts = {
    latency: timeChart('Latency percentiles over time', context),
    first: timeChart('First token percentiles over time', context),
    failures: timeChart('Errors and fallbacks over time', context),
    grouped: timeChart('Times by group over time', context),
  };
  const by = choice('by', Object.entries(dimensions), chosen().by, value => context.navigate({ by: value }));
  const measure = choice('Measure', MEASURES, chosen().measure, value => context.navigate({ measure: value }), { hideLabel: true });
  const groupedCard = card('Compared', { actions: [measure, by], csv: () => over(chosen().by)() }, charts.grouped);
  const statusTable = sortedTable('Requests by status', [columns.dimension('Status', 'status'), columns.requests(context, 'status'), columns.time('p50', 'latency_p50_ms'), columns.time('p90', 'latency_p90_ms'), columns.time('p99', 'latency_p99_ms')], { link: drill(context, 'status'), sort: 'Requests' });
  const holder = h('div');
  const groupCard = card('Breakdown', { wide: true, csv: () => ({ path: 'usage', parameters: usageParameters(context.state, context.span, { groupBy: chosen().by }), name: `performance-by-${chosen().by}.csv` }) }, holder);
  let table = { by: null, element: null };

  const element = h('div', { class: 'view' }, h('div', { class: 'grid' },
    card('Latency', { note: 'from acceptance to the end of the answer', csv: over() }, charts.latency),
    card('Time to first token', { csv: over() }, charts.first),
    card('Errors and fallbacks', { csv: over() }, charts.failures),
    groupedCard,
    card('By status', { csv: () => ({ path: 'usage', parameters: usageParameters(context.state, context.span, { groupBy: 'status' }), name: 'performance-by-status.csv' }), wide: true }, statusTable),
    groupCard));

  function tableBy(name) {
    if (table.by !== name) {
      const made = sortedTable(`Performance by ${dimensions[name].toLowerCase()}`, [
        columns.dimension(dimensions[name], name), columns.requests(context, name), columns.errors(context, name), columns.fallbacks,
        columns.time('p50', 'latency_p50_ms', 'Latency'), columns.time('p90', 'latency_p90_ms', 'Latency'), columns.time('p99', 'latency_p99_ms', 'Latency'),
        columns.time('First token p50', 'first_token_p50_ms'), columns.time('p90 of it', 'first_token_p90_ms', 'Time to first token'), columns.time('p99 of it', 'first_token_p99_ms', 'Time to first token'),
      ], { link: drill(context, name), sort: 'Requests' });
      table = { by: name, element: made };
      holder.replaceChildren(made);
    }

    return table.element;
  }

  async function load(signal) {
    const { state, span } = context;
    const wanted = chosen();
    by.show(wanted.by);
    measure.show(wanted.measure);
    const [all, statuses, groups] = await Promise.all([
      usage(state, span, { interval: span.interval }, signal),
      usage(state, span, { groupBy: 'status' }, signal),
      usage(state, span, { groupBy: wanted.by }, signal),
    ]);
    const top = await topSeries(state, span, { by: wanted.by, measure: wanted.measure, top: groups.rows, all: all.rows, rest: false }, signal);
    const starts = steps(span);
    const base = { starts, interval: span.interval, to: span.to, clock: context.clock };
    const { total } = all;
    charts.latency.show({ ...base, kind: 'lines', unit: 'duration', series: percentiles(all.rows, starts, total, 'latency') });
    charts.first.show({ ...base, kind: 'lines', unit: 'duration', note: total.first_token_p50_ms === null ? 'No answer began in this span.' : null, series: percentiles(all.rows, starts, total, 'first_token') });
    charts.failures.show({
      ...base, kind: 'lines', unit: 'count', note: total.errors + total.fallbacks === 0 ? 'Every request succeeded at its first destination.' : null, series: [
        { name: 'errors', color: 'bad', values: values(all.rows, starts, 'errors', 0), total: count(total.errors) },
        { name: 'fallbacks', color: 'c4', values: values(all.rows, starts, 'fallbacks', 0), total: count(total.fallbacks) },
      ],
    });
    charts.grouped.show({ ...base, kind: 'lines', unit: 'duration', note: top.every(s => s.values.every(v => v === null)) ? 'No such time was measured in this span.' : null, series: toned(context, wanted.by, top, duration) });
    groupedCard.note(groups.rows.length > top.length ? `the ${top.length} with the most requests` : '');
    statusTable.show(statuses.rows);
    groupCard.note(`by ${dimensions[wanted.by].toLowerCase()}`);
    tableBy(wanted.by).show(groups.rows, groups.row_count);
    return total;
  }

  return { element, load };
}
