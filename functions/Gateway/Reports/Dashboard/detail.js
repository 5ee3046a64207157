// All that is known of one request.
import { h, fill, byId, icon } from './dom.js';
import { getJson } from './api.js';
import { bytes, duration, exact } from './format.js';
import { badge, price, words } from './views/requests.js';

/** The panel that shows one request. `closed` is called when the reader closes it. */
export function detailPanel(closed) {
  const dialog = byId('detail');
  const body = h('div', { class: 'detail-body' });
  const title = h('h2', { id: 'detail-title' }, 'Request');
  const close = h('button', { class: 'small', onclick: () => dialog.close(), 'aria-label': 'Close' }, icon('close'));
  dialog.append(h('header', { class: 'detail-head' }, title, close), body);
  dialog.addEventListener('close', () => closed());
  dialog.addEventListener('click', event => { if (event.target === dialog) dialog.close(); });

  return {
    close() {
      if (dialog.open) {
        dialog.close();
      }
    },

    async show(id, context) {
      fill(body, h('p', { class: 'nothing' }, 'Loading…'));
      if (!dialog.open) {
        dialog.showModal();
      }

      try {
        const request = await getJson(`requests/${encodeURIComponent(id)}`);
        if (context.state.request === id) {
          fill(body, sections(request, context));
        }
      } catch (e) {
        fill(body, h('p', { class: 'nothing' }, e.message));
      }
    },
  };
}

function sections(request, context) {
  const time = value => value && h('time', { datetime: value }, `${context.clock.full(Date.parse(value))} ${context.clock.name}`);
  const tokens = [
    ['Input', request.input_tokens], ['Cache read', request.cache_read_input_tokens], ['Cache write', request.cache_creation_input_tokens],
    ['… for 5 minutes', request.cache_creation_5m_input_tokens], ['… for an hour', request.cache_creation_1h_input_tokens], ['Tool use', request.tool_use_input_tokens],
    ['Audio in', request.audio_input_tokens], ['Output', request.output_tokens], ['Reasoning', request.output_reasoning_tokens], ['Audio out', request.audio_output_tokens],
    ['Together', request.total_tokens],
  ];
  return [
    h('p', { class: 'detail-id' }, h('code', null, request.request_id)),
    facts('Outcome', [
      ['Status', badge(request)], ['Error', request.error_code], ['Finished by', words(request.finish_reason)], ['Streamed', request.stream ? 'yes' : 'no'],
      ['Accepted', time(request.event_time)], ['Completed', time(request.completed_time)], ['Latency', request.latency_ms !== undefined && duration(request.latency_ms)],
      ['First token', request.time_to_first_token_ms !== undefined && duration(request.time_to_first_token_ms)], ['Waited', request.queue_ms !== undefined && duration(request.queue_ms)],
    ]),
    facts('Route', [
      ['Endpoint', request.endpoint_name], ['API', request.api_type], ['Client dialect', request.client_dialect], ['Provider dialect', request.provider_dialect],
      ['Provider', request.provider], ['Destination', request.destination_name], ['Model asked', request.destination_model], ['Model served', request.served_model],
      ['Provider’s request', request.provider_request_id], ['Service tier', request.service_tier],
    ]),
    facts('Tokens and cost', [
      ...tokens.map(([name, value]) => [name, value !== undefined && exact(value)]),
      ['Counted by', request.total_tokens !== undefined && (request.estimated ? 'the gateway, estimated' : 'the provider')],
      ['Cost', price(request)], ['Price list', request.price_version],
    ]),
    list('Attempts', ['Destination', 'Status', 'Latency', 'Why it failed'], request.attempts, a => [a.destination, a.status_code || 'no answer', duration(a.latency_ms), a.error_code ?? '–']),
    list('What the provider could not be told as it was', ['Field', 'Became', 'Reason'], request.translation, t => [t.field, t.dropped ? 'dropped' : 'changed', t.reason]),
    list('Tags', ['Name', 'Value'], Object.entries(request.request_tags ?? {}), tag => tag),
    facts('Caller', [
      ['Principal', request.requester], ['Kind', words(request.requester_type)], ['Groups', request.requester_groups?.join(', ')], ['Key', request.key_id],
      ['Agent', request.agent], ['User agent', request.user_agent], ['Address', request.ip_address],
      ['Session', request.session_id && h('a', { href: context.link({ view: 'requests', filters: { session_id: [request.session_id] } }) }, request.session_id)],
    ]),
    facts('Gateway', [
      ['Instance', request.instance], ['Version', request.gateway_version], ['Invocation', request.invocation_id],
      ['Bytes in', request.bytes_in !== undefined && bytes(request.bytes_in)], ['Bytes out', request.bytes_out !== undefined && bytes(request.bytes_out)],
    ]),
    h('details', { class: 'as-table' }, h('summary', null, 'The record as JSON'), h('pre', { tabindex: '0' }, JSON.stringify(request, null, 2))),
  ];
}

function facts(title, pairs) {
  const known = pairs.filter(([, value]) => value !== undefined && value !== null && value !== false && value !== '');
  return known.length > 0 && h('section', { class: 'facts' }, h('h3', null, title), h('dl', null, known.map(([name, value]) => [h('dt', null, name), h('dd', null, value)])));
}

function list(title, heads, rows, cells) {
  return rows?.length > 0 && h('section', { class: 'facts' }, h('h3', null, title), h('div', { class: 'scroll' },
    h('table', { class: 'plain' }, h('caption', { class: 'unseen' }, title), h('thead', null, h('tr', null, heads.map(name => h('th', { scope: 'col' }, name)))),
      h('tbody', null, rows.map(row => h('tr', null, cells(row).map((value, i) => h(i === 0 ? 'th' : 'td', i === 0 ? { scope: 'row' } : null, value))))))));
}
