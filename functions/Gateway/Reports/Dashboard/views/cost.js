// What it cost, as far as prices are known; where they are not, that is what it says.
import { h, fill } from '../dom.js';
import { card, choice, figures } from '../card.js';
import { timeChart } from '../chart.js';
import { columns, drill } from '../columns.js';
import { change, cost, count, dollars, exact, number, percent, ratio } from '../format.js';
import { overlapNote, overlapping, steps, topSeries, toned, usage, usageParameters } from '../report.js';
import { dimensions } from '../state.js';
import { sortedTable } from '../table.js';
import { costNote } from './overview.js';

/** So many models without a price are named at once. */
const NAMED = 30;

const per = (usd, count, unit) => (usd === null || !count ? null : (usd / count) * unit);

export function create(context) {
  const chosen = () => (dimensions[context.state.by] ? context.state.by : 'model');
  const strip = figures('Cost');
  const grouped = timeChart('Cost over time', context);
  const by = choice('by', Object.entries(dimensions), chosen(), value => context.navigate({ by: value }));
  const holder = h('div');
  const unpriced = h('div');
  const csv = interval => () => ({ path: 'usage', parameters: usageParameters(context.state, context.span, { interval: interval && context.span.interval, groupBy: chosen() }), name: `cost-by-${chosen()}${interval ? '-over-time' : ''}.csv` });
  const groupCard = card('Cost over time', { wide: true, actions: [by], csv: csv(true) }, grouped);
  const tableCard = card('Breakdown', { wide: true, csv: csv(false) }, holder);
  const element = h('div', { class: 'view' }, strip, unpriced, h('div', { class: 'grid' }, groupCard, tableCard));
  let table = { by: null, element: null, total: null };

  function tableBy(name) {
    if (table.by !== name) {
      const made = sortedTable(`Cost by ${dimensions[name].toLowerCase()}`, [
        columns.dimension(dimensions[name], name),
        { ...columns.cost, bar: true },
        { name: 'Share', num: true, title: 'Of what is priced', value: row => ratio(row.cost_usd, table.total), cell: row => (row.cost_usd === null ? '–' : percent(ratio(row.cost_usd, table.total))) },
        columns.plainRequests(context, name),
        { name: 'Unpriced', num: true, title: 'Requests whose cost is not known', value: row => row.unpriced, cell: row => number(row.unpriced) },
        columns.plainTokens,
        { name: 'Per request', num: true, value: row => per(row.cost_usd, row.requests - row.unpriced, 1), cell: row => money(per(row.cost_usd, row.requests - row.unpriced, 1)) },
        { name: 'Per 1 M tokens', num: true, title: 'Only where every request is priced', value: row => (row.unpriced > 0 ? null : per(row.cost_usd, row.total_tokens, 1e6)), cell: row => money(row.unpriced > 0 ? null : per(row.cost_usd, row.total_tokens, 1e6)) },
      ], { link: drill(context, name), sort: 'Cost' });
      table = { by: name, element: made, total: null };
      holder.replaceChildren(made);
    }

    return table.element;
  }

  async function load(signal) {
    const { state, span } = context;
    const name = chosen();
    by.show(name);
    const grouping = usage(state, span, { groupBy: name }, signal);
    const [all, before, groups, models] = await Promise.all([
      usage(state, span, { interval: span.interval }, signal),
      usage(state, span.before, { limit: 1 }, signal),
      grouping,
      name === 'model' ? grouping : usage(state, span, { groupBy: 'model' }, signal),
    ]);
    const { total } = all;
    const byCost = groups.rows.filter(row => row.cost_usd).sort((a, b) => b.cost_usd - a.cost_usd);
    const top = await topSeries(state, span, { by: name, measure: 'cost_usd', top: byCost, all: all.rows }, signal);
    const priced = total.requests - total.unpriced;
    strip.show([
      { name: 'Cost', value: cost(total.cost_usd, total.unpriced), note: total.unpriced > 0 ? `${count(total.unpriced)} requests are unpriced` : change(total.cost_usd, before.total.cost_usd) },
      { name: 'Before', value: cost(before.total.cost_usd, before.total.unpriced), note: `${context.clock.dayTime(span.before.from)} – ${context.clock.dayTime(span.before.to)}` },
      { name: 'Per request', value: money(per(total.cost_usd, priced, 1)), note: 'of those whose cost is known' },
      { name: 'Unpriced requests', value: number(total.unpriced), note: `of ${count(total.requests)}`, tone: total.unpriced > 0 ? 'is-warning' : null },
    ]);
    showUnpriced(models.rows.filter(row => row.unpriced > 0));
    grouped.show({
      starts: steps(span), interval: span.interval, to: span.to, clock: context.clock, kind: 'stack', unit: 'dollars', note: costNote(total),
      series: toned(context, name, top, dollars),
    });
    groupCard.note(overlapNote(name, byCost.length));
    tableCard.note(`by ${dimensions[name].toLowerCase()}${overlapping(name) ? '; a request counts under each of its values' : ''}`);
    const shown = tableBy(name);
    table.total = total.cost_usd;
    shown.show(groups.rows, groups.row_count);
    return total;
  }

  function showUnpriced(rows) {
    fill(unpriced, rows.length > 0 && h('section', { class: 'card notice', 'aria-label': 'Models without a price' },
      h('h2', null, 'Models without a price'),
      h('p', null, 'What they cost is not known, so it is in no sum here. Give them a price in the configuration; records that are there already stay as they are.'),
      h('ul', { class: 'chips' }, rows.slice(0, NAMED).map(row => h('li', null, h('a', { class: 'chip', href: context.link({ filters: { ...context.state.filters, model: [row.model] } }), title: row.model, dataset: { key: `unpriced-${row.model}` } }, h('span', { class: 'chip-value' }, row.model), h('b', null, count(row.unpriced))))),
        rows.length > NAMED && h('li', { class: 'panel-note' }, `and ${exact(rows.length - NAMED)} more, which the breakdown by model shows as unpriced`))));
  }

  return { element, load };
}

const money = value => (value === null ? '–' : h('data', { value }, dollars(value)));
