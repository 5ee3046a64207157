// What is shown stands in the page's address, so that it can be shared, kept and gone back to.

/** What usage can be grouped and filtered by, as the reports name it. */
export const dimensions = {
  endpoint: 'Endpoint', model: 'Model', provider: 'Provider', principal: 'Principal', group: 'Group',
  key: 'Key', api_type: 'API', agent: 'Agent', status: 'Status', tag: 'Tag',
};

/** Single requests can be filtered by these, too. */
export const requestFilters = { outcome: 'Outcome', session_id: 'Session' };

export const views = {
  overview: 'Overview', performance: 'Performance', usage: 'Usage', cost: 'Cost', agents: 'Coding agents', requests: 'Requests',
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How many requests ended otherwise than well, as a filter of single requests; what a report counts as errors. */
export const FAILED = ['refused', 'upstream_error', 'truncated', 'timeout', 'client_closed', 'internal_error', 'lost'];

/** Spans up to now: how many steps of which length, or all steps since a longer one began. */
export const spans = {
  '1h': { name: '1 h', title: 'Last hour', interval: 'minute', steps: 60 },
  '24h': { name: '24 h', title: 'Last 24 hours', interval: 'hour', steps: 24 },
  '7d': { name: '7 d', title: 'Last 7 days', interval: 'hour', steps: 168 },
  '30d': { name: '30 d', title: 'Last 30 days', interval: 'day', steps: 30 },
  month: { name: 'Month', title: 'This month, in UTC', interval: 'day', since: 'month' },
  '90d': { name: '90 d', title: 'Last 90 days', interval: 'day', steps: 90 },
  '12mo': { name: '12 mo', title: 'Last 12 months', interval: 'month', steps: 12 },
};

/** Steps of a series, with the longest span that each is for. */
export const intervals = { minute: 6 * HOUR, hour: 31 * DAY, day: 731 * DAY, month: Infinity };

const defaults = { view: 'overview', span: '24h', interval: 'auto', tz: 'utc', refresh: '0', by: '', measure: '' };
const choices = { view: Object.keys(views), span: Object.keys(spans), interval: ['auto', ...Object.keys(intervals)], tz: ['utc', 'local'], refresh: ['0', '5', '30'] };
const once = ['from', 'to', 'page', 'request'];

/** What a view can be filtered by: sums know nothing of what only single requests have. */
export const filtersOf = view => [...Object.keys(dimensions), ...(view === 'requests' ? Object.keys(requestFilters) : [])];

/** Reads an address. What it says wrongly counts as not said. */
export function read(search) {
  const parameters = new URLSearchParams(search);
  const state = { filters: {} };
  for (const [name, otherwise] of Object.entries(defaults)) {
    const value = parameters.get(name);
    state[name] = value !== null && (!choices[name] || choices[name].includes(value)) ? value : otherwise;
  }

  for (const name of once) {
    state[name] = parameters.get(name) ?? '';
  }

  const from = Date.parse(state.from);
  const to = Date.parse(state.to);
  if (!(from < to)) {
    state.from = state.to = '';
  }

  for (const name of filtersOf(state.view)) {
    const values = [...new Set(parameters.getAll(name))];
    if (values.length > 0) {
      state.filters[name] = values;
    }
  }

  return state;
}

/** The address of a state, relative to the page. */
export function write(state) {
  const parameters = new URLSearchParams();
  for (const [name, otherwise] of Object.entries(defaults)) {
    if (state[name] !== otherwise && !(name === 'span' && state.from)) {
      parameters.set(name, state[name]);
    }
  }

  for (const name of once) {
    if (state[name]) {
      parameters.set(name, state[name]);
    }
  }

  for (const [name, values] of Object.entries(state.filters)) {
    for (const value of values) {
      parameters.append(name, value);
    }
  }

  const text = parameters.toString();
  return text === '' ? location.pathname : `?${text}`;
}

/** A state with some things changed. A page of requests is one of its filters, so it does not outlive them. */
export function changed(state, change) {
  const next = { ...state, page: '', request: '', ...change };
  if (change.view && change.view !== state.view) {
    next.by = next.measure = '';
  }

  const names = filtersOf(next.view);
  next.filters = Object.fromEntries(Object.entries(next.filters).filter(([name]) => names.includes(name)));
  return next;
}

/** The same filters with one value more. */
export function withFilter(state, name, value) {
  const values = state.filters[name] ?? [];
  return { ...state.filters, [name]: values.includes(value) ? values : [...values, value] };
}

/** The same filters without one value, or without any of that name. */
export function withoutFilter(state, name, value) {
  const rest = (state.filters[name] ?? []).filter(v => value !== undefined && v !== value);
  const filters = { ...state.filters };
  if (rest.length > 0) {
    filters[name] = rest;
  } else {
    delete filters[name];
  }

  return filters;
}

/** The start of the step that holds a moment, in UTC as the reports count. */
export function floor(ms, interval) {
  const date = new Date(ms);
  switch (interval) {
    case 'month': return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
    case 'day': return Math.floor(ms / DAY) * DAY;
    case 'hour': return Math.floor(ms / HOUR) * HOUR;
    default: return Math.floor(ms / MINUTE) * MINUTE;
  }
}

/** The start of the step that lies so many steps on. */
export function step(ms, interval, steps) {
  const date = new Date(ms);
  switch (interval) {
    case 'month': return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + steps, 1);
    case 'day': return ms + steps * DAY;
    case 'hour': return ms + steps * HOUR;
    default: return ms + steps * MINUTE;
  }
}

/** The time that a state asks for: whole steps up to the one that is running, the step, and as much of the time before as has passed of this. */
export function range(state, now) {
  let from;
  let to;
  let interval;
  if (state.from) {
    from = Date.parse(state.from);
    to = Date.parse(state.to);
    const length = to - from;
    interval = length <= 3 * HOUR ? 'minute' : length <= 8 * DAY ? 'hour' : length <= 120 * DAY ? 'day' : 'month';
  } else {
    const span = spans[state.span];
    to = step(floor(now, span.interval), span.interval, 1);
    from = span.since ? floor(now, span.since) : step(to, span.interval, -span.steps);
    interval = span.interval;
  }

  if (state.interval !== 'auto' && to - from <= intervals[state.interval]) {
    interval = state.interval;
  }

  // What is not over yet is compared with as much of the time before.
  const since = !state.from && spans[state.span].since;
  const begin = since ? step(from, since, -1) : from - (to - from);
  const passed = Math.min(floor(now, 'minute'), to) - from;
  return { from, to, interval, before: { from: begin, to: Math.min(from, begin + Math.max(passed, MINUTE)) } };
}
