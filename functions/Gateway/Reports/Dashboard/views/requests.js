// Single requests, the newest first.
import { h, fill } from '../dom.js';
import { card } from '../card.js';
import { getJson } from '../api.js';
import { dollars, duration, number } from '../format.js';
import { requestParameters } from '../report.js';

const PAGE = 50;

export function create(context) {
  const holder = h('div');
  const older = h('nav', { class: 'pager', 'aria-label': 'Pages of requests' });
  const list = card('Requests', { wide: true, csv: () => ({ path: 'requests', parameters: requestParameters(context.state, context.span, { limit: 1000 }), name: 'requests.csv' }) }, holder, older);
  const element = h('div', { class: 'view' }, list);

  async function load(signal) {
    const { state, span } = context;
    const page = await getJson('requests', requestParameters(state, span, { limit: PAGE, page: state.page }), signal);
    const { requests } = page;
    list.note(requests.length === 0 ? '' : `${state.page ? 'older ones' : 'the newest first'}, times in ${context.clock.name}; the CSV holds all that match, with every column`);
    fill(holder, requests.length === 0
      ? h('p', { class: 'nothing' }, 'No request matches in this span.')
      : h('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Requests' }, table(requests)));
    fill(older,
      state.page && h('a', { href: context.link({ page: '' }), dataset: { key: 'newest' } }, 'Newest'),
      page.next_page_token && h('a', { href: context.link({ page: page.next_page_token }), dataset: { key: 'older' } }, 'Older'));
    return { requests: requests.length === 0 && !state.page ? 0 : null };
  }

  function table(requests) {
    return h('table', null,
      h('caption', { class: 'unseen' }, 'Requests, the newest first'),
      h('thead', null, h('tr', null,
        ['Time', 'Status', 'Endpoint', 'Model', 'Provider', 'Principal', 'Agent'].map(name => h('th', { scope: 'col' }, name)),
        ['Input', 'Output', 'Cost', 'First token', 'Latency'].map(name => h('th', { scope: 'col', class: 'num' }, name)))),
      h('tbody', null, requests.map(row)));
  }

  function row(request) {
    const href = context.link({ page: context.state.page, request: request.request_id });
    return h('tr', { class: 'opens', onclick: event => { if (!event.target.closest('a')) { context.go(href); } } },
      h('th', { scope: 'row' }, h('a', { href, dataset: { key: request.request_id }, 'aria-label': `Request at ${context.clock.seconds(Date.parse(request.event_time))}` },
        h('time', { datetime: request.event_time }, context.clock.seconds(Date.parse(request.event_time))))),
      h('td', null, badge(request)),
      name(request.endpoint_name),
      name(request.served_model ?? request.destination_model),
      name(request.provider),
      name(request.requester),
      name(request.agent),
      h('td', { class: 'num' }, number(request.input_tokens)),
      h('td', { class: 'num' }, number(request.output_tokens)),
      h('td', { class: 'num' }, price(request)),
      h('td', { class: 'num' }, number(request.time_to_first_token_ms, duration(request.time_to_first_token_ms))),
      h('td', { class: 'num' }, number(request.latency_ms, duration(request.latency_ms))));
  }

  return { element, load };
}

const name = text => h('td', { title: text }, text ?? '–');

const TONES = { success: 'is-good', open: 'is-open', client_closed: 'is-quiet', refused: 'is-warning' };

/** The status of a request, and its outcome in words. */
export const badge = request => h('span', { class: `badge ${TONES[request.outcome] ?? 'is-bad'}`, title: request.error_code ?? request.outcome },
  request.outcome === 'open' || request.outcome === 'lost' ? request.outcome : `${request.status_code} ${words(request.outcome)}`);

/** What a request cost; a dash where there was nothing to pay for. */
export function price(request) {
  if (request.cost_nano_usd !== undefined) {
    const usd = request.cost_nano_usd / 1e9;
    return h('data', { value: usd }, dollars(usd));
  }

  return request.total_tokens === undefined ? '–' : h('span', { class: 'unpriced' }, 'unpriced');
}

/** An identifier as words. */
export const words = name => (name === 'success' ? 'ok' : (name ?? '').replaceAll('_', ' '));
