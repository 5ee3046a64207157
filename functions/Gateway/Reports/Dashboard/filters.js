// The bar that says what is shown: span, step, zone, and values of dimensions.
import { h, fill, icon } from './dom.js';
import { getJson } from './api.js';
import { choice } from './card.js';
import { count, exact } from './format.js';
import { usageParameters } from './report.js';
import { dimensions, FAILED, intervals, requestFilters, spans, views, withFilter, withoutFilter } from './state.js';

const OUTCOMES = ['success', ...FAILED, 'open'];

/** From how many values on a list can be searched. */
const LONG = 9;

/** Most values that are asked for, and that are shown at once. */
const MOST = 1000;
const SHOWN = 200;

export function filterBar(element, context) {
  const presets = h('div', { class: 'segments', role: 'group', 'aria-label': 'Span' });
  const custom = customSpan(context);
  const interval = choice('Step', [['auto', 'Auto']], 'auto', value => context.navigate({ interval: value }));
  const zone = choice('Times', [['utc', 'UTC'], ['local', `Local (${Intl.DateTimeFormat().resolvedOptions().timeZone})`]], 'utc', value => context.navigate({ tz: value }));
  const refresh = choice('Refresh', [['0', 'Off'], ['5', 'Every 5 s'], ['30', 'Every 30 s']], '0', value => context.navigate({ refresh: value }));
  const now = h('button', { class: 'small', id: 'refresh-now', onclick: () => context.refresh(), 'aria-label': 'Refresh now', title: 'Refresh now' }, icon('refresh'));
  const facets = [...Object.keys(dimensions), 'outcome'].map(name => facet(name, context));
  const chips = h('ul', { class: 'chips', 'aria-label': 'Filters' });
  const facetRow = h('div', { class: 'facets' }, facets.map(f => f.element));
  const updated = h('span', { class: 'updated' });
  element.append(
    h('div', { class: 'bar' }, presets, custom.element, interval, zone, h('span', { class: 'bar-end' }, updated, refresh, now)),
    h('div', { class: 'bar' }, h('span', { class: 'bar-label' }, icon('filter'), 'Filter'), facetRow, chips));

  document.addEventListener('click', event => {
    for (const open of element.querySelectorAll('details[open]')) {
      if (!open.contains(event.target)) {
        open.open = false;
      }
    }
  });
  element.addEventListener('keydown', event => {
    const open = event.target.closest('details[open]');
    if (event.key === 'Escape' && open) {
      open.open = false;
      open.querySelector('summary').focus();
    }
  });

  return {
    show() {
      const { state, span, clock } = context;
      fill(presets, Object.entries(spans).map(([id, s]) => h('a', { href: context.link({ span: id, from: '', to: '' }), class: 'segment', title: s.title, 'aria-current': !state.from && state.span === id ? 'true' : null, dataset: { key: `span-${id}` } }, s.name)));
      custom.show();
      interval.options([['auto', `Auto (${span.interval})`], ...Object.entries(intervals).map(([id, longest]) => [id, id[0].toUpperCase() + id.slice(1), span.to - span.from > longest])]);
      interval.show(state.interval);
      zone.show(state.tz);
      refresh.show(state.refresh);
      for (const f of facets) {
        f.show();
      }

      const failed = FAILED.every(value => state.filters.outcome?.includes(value)) && state.filters.outcome.length === FAILED.length;
      const active = Object.entries(state.filters).flatMap(([name, values]) => (name === 'outcome' && failed ? [[name, undefined, 'any failure']] : values.map(value => [name, value, value])));
      fill(chips, active.map(([name, value, text]) => h('li', null, h('a', {
        class: 'chip', href: context.link({ filters: withoutFilter(state, name, value) }), title: text, dataset: { key: `chip-${name}-${text}` },
      }, h('span', { class: 'unseen' }, 'Remove the filter '), h('span', { class: 'chip-name' }, `${nameOf(name)}: `), h('span', { class: 'chip-value' }, text), icon('close')))),
      active.length > 1 && h('li', null, h('a', { class: 'chip clear', href: context.link({ filters: {} }), dataset: { key: 'clear' } }, 'Clear all')));
      element.setAttribute('aria-label', `Filters of ${views[state.view]}, ${clock.dayTimeYear(span.from)} to ${clock.dayTimeYear(span.to)}`);
    },
    updated: text => { updated.textContent = text; },
  };
}

const nameOf = name => dimensions[name] ?? requestFilters[name];

function customSpan(context) {
  const from = h('input', { type: 'datetime-local', required: true });
  const to = h('input', { type: 'datetime-local', required: true });
  const wrong = h('p', { class: 'wrong', role: 'alert' });
  const zoneName = h('span');
  const label = h('span');
  const form = h('form', {
    class: 'panel', onsubmit: event => {
      event.preventDefault();
      const [start, end] = [toMs(from.value, context.state.tz), toMs(to.value, context.state.tz)];
      wrong.textContent = start < end ? '' : 'The first moment must be before the last.';
      if (start < end) {
        element.open = false;
        context.navigate({ from: new Date(start).toISOString(), to: new Date(end).toISOString() });
      }
    },
  }, h('label', null, 'From', from), h('label', null, 'To', to), h('p', { class: 'panel-note' }, 'in ', zoneName), wrong, h('button', { class: 'primary' }, 'Show'));
  const element = h('details', { class: 'facet' }, h('summary', null, icon('calendar'), label), form);
  return {
    element,
    show() {
      const { state, span, clock } = context;
      const written = new Date(span.from).getUTCFullYear() === new Date().getUTCFullYear() ? clock.dayTime : clock.dayTimeYear;
      label.textContent = `${written(span.from)} – ${state.from ? written(span.to) : 'now'}`;
      element.classList.toggle('is-set', Boolean(state.from));
      zoneName.textContent = clock.name;
      if (!element.open) {
        from.value = toInput(span.from, state.tz);
        to.value = toInput(span.to, state.tz);
      }
    },
  };
}

const toMs = (text, zone) => Date.parse(zone === 'local' ? text : `${text}Z`);

function toInput(ms, zone) {
  const shift = zone === 'local' ? new Date(ms).getTimezoneOffset() * 60_000 : 0;
  return new Date(ms - shift).toISOString().slice(0, 16);
}

function facet(name, context) {
  const summary = h('summary');
  const body = h('div');
  const search = h('input', { type: 'search', placeholder: 'Search', 'aria-label': `Search in ${nameOf(name)}`, oninput: () => list() });
  const panel = h('div', { class: 'panel' }, h('p', { class: 'panel-title' }, nameOf(name)), body);
  const element = h('details', { class: 'facet', name: 'facet' }, summary, panel);
  let known = null;
  let rare = 0;

  element.addEventListener('toggle', async () => {
    if (!element.open) {
      return;
    }

    search.value = '';
    fill(body, h('p', { class: 'panel-note' }, 'Loading…'));
    try {
      known = await load();
      list();
      panel.querySelector('input')?.focus();
    } catch (e) {
      fill(body, h('p', { class: 'panel-note' }, e.message));
    }
  });

  async function load() {
    const { state, span } = context;
    if (name === 'outcome') {
      return OUTCOMES.map(value => ({ value }));
    }

    // Without the filter by itself, so that another value can be chosen; with all others, so that each value leads to something.
    const parameters = usageParameters(state, span, { filters: withoutFilter(state, name), limit: MOST });
    const { dimensions: all } = await getJson('dimensions', parameters);
    const found = all[name].values;
    rare = all[name].count - found.length;
    const chosen = (state.filters[name] ?? []).filter(value => !found.some(f => f.value === value));
    return [...chosen.map(value => ({ value, requests: 0 })), ...found];
  }

  function list() {
    const { state } = context;
    const wanted = search.value.toLowerCase();
    const chosen = state.filters[name] ?? [];
    const matching = known.filter(v => v.value.toLowerCase().includes(wanted));
    const rows = matching.slice(0, SHOWN).map(v => h('label', { class: 'option' },
      h('input', {
        type: 'checkbox', checked: chosen.includes(v.value), dataset: { key: `option-${name}-${v.value}` },
        onchange: event => context.navigate({ filters: event.target.checked ? withFilter(context.state, name, v.value) : withoutFilter(context.state, name, v.value) }),
      }),
      h('span', { class: 'option-name', title: v.value }, v.value), v.requests !== undefined && h('span', { class: 'option-count' }, count(v.requests))));
    const old = body.querySelector('.options');
    const options = h('div', { class: 'options', role: 'group', 'aria-label': nameOf(name) }, rows.length > 0 ? rows : h('p', { class: 'panel-note' }, known.length === 0 ? 'No values in this span.' : 'No value matches.'),
      matching.length > SHOWN && h('p', { class: 'panel-note' }, `The first ${SHOWN} of ${exact(matching.length)}: search for others.`),
      rare > 0 && h('p', { class: 'panel-note' }, `${exact(rare)} with fewer requests are not listed; click them in a breakdown.`));
    if (old && body.contains(search)) {
      old.replaceWith(options);
    } else {
      fill(body, known.length >= LONG && search, options);
    }
  }

  return {
    element,
    show() {
      const { state } = context;
      const chosen = state.filters[name] ?? [];
      element.hidden = name === 'outcome' && state.view !== 'requests';
      element.classList.toggle('is-set', chosen.length > 0);
      fill(summary, nameOf(name), chosen.length > 0 && h('span', { class: 'facet-count' }, String(chosen.length)));
    },
  };
}
