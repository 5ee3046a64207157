// What coding agents did: they name themselves in their user agent, and their sessions in a header.
import { h } from '../dom.js';
import { card, choice, figures } from '../card.js';
import { timeChart } from '../chart.js';
import { columns, drill } from '../columns.js';
import { count, cost, dollars, duration, exact, number, percent, ratio } from '../format.js';
import { MOST_SERIES, NO_VALUE, requestParameters, steps, topSeries, toned, usage, usageParameters } from '../report.js';
import { getJson } from '../api.js';
import { sortedTable } from '../table.js';

/** An agent that nothing is: a filter by it keeps no request. */
const NOBODY = '';

/** How many of the newest requests are looked at for sessions. */
const LOOKED_AT = 1000;

const MEASURES = [['requests', 'requests'], ['total_tokens', 'tokens'], ['cost_usd', 'cost']];

export function create(context) {
  const chosen = () => (MEASURES.some(([m]) => m === context.state.measure) ? context.state.measure : 'requests');
  const strip = figures('Coding agents');
  const chart = timeChart('Coding agents over time', context);
  const measure = choice('Measure', MEASURES, chosen(), value => context.navigate({ measure: value }), { hideLabel: true });
  const agents = sortedTable('Coding agents', [
    columns.dimension('Agent', 'agent'), columns.requests(context, 'agent'), columns.errors(context, 'agent'), columns.plainTokens, columns.cacheHits, columns.output, columns.cost,
    columns.time('p50', 'latency_p50_ms', 'Latency'), columns.time('p90', 'latency_p90_ms', 'Latency'),
  ], { link: drill(context, 'agent'), sort: 'Requests', empty: 'No coding agent in this span. They are told by their user agent: Claude Code, Codex, Gemini CLI, Cursor, opencode, Copilot, Cline, Aider.' });
  const models = sortedTable('Models that coding agents use', [
    columns.dimension('Agent', 'agent'), { name: 'Model', value: row => row.model }, columns.requests(context, 'agent', 'model'), columns.plainTokens, columns.cost,
  ], { link: drill(context, 'agent'), sort: 'Requests' });
  const users = sortedTable('Callers of coding agents', [
    columns.dimension('Principal', 'principal'), { name: 'Agent', value: row => row.agent }, columns.requests(context, 'agent', 'principal'), columns.plainTokens, columns.cost,
  ], { link: drill(context, 'principal'), sort: 'Requests' });
  const sessions = sortedTable('Sessions of coding agents', [
    { name: 'Session', value: row => row.session },
    { name: 'Agent', value: row => row.agent },
    { name: 'Principal', value: row => row.principal },
    { name: 'Requests', num: true, value: row => row.requests, cell: row => number(row.requests) },
    columns.plainTokens,
    { name: 'Cost', num: true, value: row => row.cost_usd, cell: row => cost(row.cost_usd, row.unpriced) },
    { name: 'Lasted', num: true, value: row => row.last - row.first, cell: row => (row.requests > 1 ? number(row.last - row.first, duration(row.last - row.first)) : '–') },
    { name: 'Last request', num: true, value: row => row.last, cell: row => h('time', { datetime: new Date(row.last).toISOString() }, context.clock.seconds(row.last)) },
  ], {
    link: row => ({ href: context.link({ view: 'requests', filters: { ...context.state.filters, session_id: [row.session] } }), label: `Requests of session ${row.session}` }),
    sort: 'Last request', empty: 'No session is named in this span.',
  });
  // Of coding agents alone, as the cards show them; of none where there is none.
  const only = () => (context.state.filters.agent ? context.state.filters : { ...context.state.filters, agent: names.length > 0 ? names : [NOBODY] });
  const by = (groupBy, name, over) => () => ({ path: 'usage', parameters: usageParameters(context.state, context.span, { groupBy, filters: only(), interval: over && context.span.interval }), name });
  const sessionCard = card('Sessions', { wide: true, csv: () => ({ path: 'requests', parameters: requestParameters(context.state, context.span, { limit: LOOKED_AT, filters: only() }), name: 'coding-agent-requests.csv' }) }, sessions);
  const element = h('div', { class: 'view' }, strip, h('div', { class: 'grid' },
    card('Over time', { wide: true, actions: [measure], csv: by('agent', 'agents-over-time.csv', true) }, chart),
    card('Agents', { wide: true, csv: by('agent', 'agents.csv') }, agents),
    card('Their models', { csv: by('agent,model', 'agents-by-model.csv') }, models),
    card('Their callers', { csv: by('agent,principal', 'agents-by-principal.csv') }, users),
    sessionCard));
  let names = [];

  async function load(signal) {
    const { state, span } = context;
    const wanted = chosen();
    measure.show(wanted);
    const [byAgent, byModel, byUser] = await Promise.all([
      usage(state, span, { groupBy: 'agent' }, signal),
      usage(state, span, { groupBy: 'agent,model' }, signal),
      usage(state, span, { groupBy: 'agent,principal' }, signal),
    ]);
    const named = rows => rows.filter(row => row.agent !== NO_VALUE);
    const rows = named(byAgent.rows);
    names = rows.map(row => row.agent);
    const greatest = [...rows].sort((a, b) => b[wanted] - a[wanted]);
    const together = rows.length > MOST_SERIES ? usage(state, span, { interval: span.interval, filters: { ...state.filters, agent: names } }, signal) : { rows: [] };
    const [top, list] = await Promise.all([
      topSeries(state, span, { by: 'agent', measure: wanted, top: greatest, all: (await together).rows }, signal),
      names.length > 0
        ? getJson('requests', requestParameters(state, span, { limit: LOOKED_AT, filters: { ...state.filters, agent: names } }), signal)
        : { requests: [] },
    ]);
    const { total } = byAgent;
    const sum = field => rows.reduce((part, row) => part + (row[field] ?? 0), 0);
    const found = bySession(list.requests);

    // Sums know nothing of sessions; where not every request was looked at, that is what is said.
    const cut = list.next_page_token ? Date.parse(list.requests.at(-1).event_time) : null;
    const unpriced = sum('unpriced');
    strip.show([
      { name: 'Agents', value: number(rows.length) },
      { name: 'Requests', value: number(sum('requests')), note: `${percent(ratio(sum('requests'), total.requests))} of all` },
      { name: 'Tokens', value: number(sum('total_tokens')), note: `${percent(ratio(sum('total_tokens'), total.total_tokens))} of all` },
      { name: 'Cost', value: cost(sum('cost_usd') === 0 && unpriced > 0 ? null : sum('cost_usd'), unpriced), note: unpriced > 0 ? `${count(unpriced)} unpriced` : null },
      { name: 'Errors', value: number(ratio(sum('errors'), sum('requests')), percent(ratio(sum('errors'), sum('requests')))), note: `${count(sum('errors'))} failed` },
      { name: cut ? 'Latest sessions' : 'Sessions', value: number(found.length), note: cut ? `in the newest ${exact(LOOKED_AT)} requests` : 'that gave an id' },
    ]);
    const note = rows.length === 0
      ? 'No coding agent in this span.'
      : wanted === 'cost_usd' && rows.every(row => row.cost_usd === null) ? 'No price is known for what they used.' : wanted === 'cost_usd' && sum('cost_usd') === 0 ? 'Nothing they did cost anything.' : null;
    chart.show({
      starts: steps(span), interval: span.interval, to: span.to, clock: context.clock, kind: 'stack', unit: wanted === 'cost_usd' ? 'dollars' : 'count', note,
      series: toned(context, 'agent', top, wanted === 'cost_usd' ? dollars : count),
    });
    agents.show(rows);
    models.show(named(byModel.rows));
    users.show(named(byUser.rows));
    sessions.show(found);
    sessionCard.note(cut ? `in the newest ${exact(LOOKED_AT)} of ${exact(sum('requests'))} requests, since ${context.clock.dayTime(cut)} ${context.clock.name}; what sessions did before is not counted` : '');
    return total;
  }

  return { element, load };
}

function bySession(requests) {
  const sessions = new Map();
  for (const request of requests.filter(r => r.session_id)) {
    const at = Date.parse(request.event_time);
    const session = sessions.get(request.session_id) ?? { session: request.session_id, agent: request.agent, principal: request.requester, requests: 0, total_tokens: 0, cost_usd: null, unpriced: 0, first: at, last: at };
    session.requests++;
    session.total_tokens += request.total_tokens ?? 0;
    if (request.cost_nano_usd !== undefined) {
      session.cost_usd = (session.cost_usd ?? 0) + request.cost_nano_usd / 1e9;
    } else if (request.total_tokens !== undefined) {
      session.unpriced++;
    }

    session.first = Math.min(session.first, at);
    session.last = Math.max(session.last, at);
    sessions.set(request.session_id, session);
  }

  return [...sessions.values()];
}
