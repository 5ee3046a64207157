// How many tokens of which kind, by anything.
import { h } from '../dom.js';
import { card, choice, figures } from '../card.js';
import { timeChart } from '../chart.js';
import { columns, drill } from '../columns.js';
import { bytes, count, number, percent } from '../format.js';
import { overlapNote, overlapping, steps, topSeries, toned, usage, usageParameters } from '../report.js';
import { dimensions } from '../state.js';
import { sortedTable } from '../table.js';
import { tokenKinds } from './overview.js';

export function create(context) {
  const chosen = () => (dimensions[context.state.by] ? context.state.by : 'model');
  const strip = figures('Tokens');
  const over = groupBy => ({ path: 'usage', parameters: usageParameters(context.state, context.span, { interval: context.span.interval, groupBy }), name: groupBy ? `usage-by-${groupBy}-over-time.csv` : 'usage-over-time.csv' });
  const kinds = timeChart('Tokens by kind over time', context);
  const grouped = timeChart('Tokens by group over time', context);
  const by = choice('by', Object.entries(dimensions), chosen(), value => context.navigate({ by: value }));
  const holder = h('div');
  const groupCard = card('Tokens', { actions: [by], csv: () => over(chosen()) }, grouped);
  const tableCard = card('Breakdown', { wide: true, csv: () => ({ path: 'usage', parameters: usageParameters(context.state, context.span, { groupBy: chosen() }), name: `usage-by-${chosen()}.csv` }) }, holder);
  let table = { by: null, element: null };
  const element = h('div', { class: 'view' }, strip, h('div', { class: 'grid' }, card('Tokens by kind', { csv: () => over() }, kinds), groupCard, tableCard));

  function tableBy(name) {
    if (table.by !== name) {
      const made = sortedTable(`Usage by ${dimensions[name].toLowerCase()}`, [
        columns.dimension(dimensions[name], name), columns.plainRequests(context, name), columns.tokens, columns.input, columns.cacheRead, columns.cacheWrite, columns.cacheHits,
        columns.output, columns.reasoning, columns.audio, columns.cost,
      ], { link: drill(context, name), sort: 'Tokens' });
      table = { by: name, element: made };
      holder.replaceChildren(made);
    }

    return table.element;
  }

  async function load(signal) {
    const { state, span } = context;
    const name = chosen();
    by.show(name);
    const [all, groups] = await Promise.all([usage(state, span, { interval: span.interval }, signal), usage(state, span, { groupBy: name }, signal)]);
    const byTokens = [...groups.rows].sort((a, b) => b.total_tokens - a.total_tokens);
    const top = await topSeries(state, span, { by: name, measure: 'total_tokens', top: byTokens, all: all.rows }, signal);
    const starts = steps(span);
    const base = { starts, interval: span.interval, to: span.to, clock: context.clock, kind: 'stack', unit: 'count' };
    const { total } = all;
    strip.show([
      { name: 'Tokens', value: number(total.total_tokens), note: `${count(total.requests)} requests` },
      { name: 'Input', value: number(total.input_tokens), note: 'caches included' },
      { name: 'Cache read', value: number(total.cache_read_tokens), note: `${percent(total.cache_hit_ratio)} of input` },
      { name: 'Cache write', value: number(total.cache_write_tokens) },
      { name: 'Output', value: number(total.output_tokens), note: `${count(total.reasoning_tokens)} reasoning` },
      { name: 'Audio', value: number(total.audio_tokens), note: 'in and out' },
      { name: 'Estimated', value: number(total.estimated), note: 'requests, counted by the gateway' },
      { name: 'Bytes', value: number(total.bytes_in + total.bytes_out, bytes(total.bytes_in + total.bytes_out)), note: `${bytes(total.bytes_in)} in, ${bytes(total.bytes_out)} out` },
    ]);
    kinds.show({ ...base, series: tokenKinds(all.rows, starts, total) });
    grouped.show({ ...base, series: toned(context, name, top, count) });
    groupCard.note(overlapNote(name, groups.row_count));
    tableCard.note(`by ${dimensions[name].toLowerCase()}${overlapping(name) ? '; a request counts under each of its values' : ''}`);
    tableBy(name).show(groups.rows, groups.row_count);
    return total;
  }

  return { element, load };
}
