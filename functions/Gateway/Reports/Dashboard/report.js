// Asks for usage and brings the answer into the shape of charts.
import { getJson } from './api.js';
import { dimensions, floor, requestFilters, step } from './state.js';

/** Most series that one chart can tell apart. */
export const MOST_SERIES = 7;

/** What stands for a value that a request does not have. */
export const NO_VALUE = '(none)';

/** Dimensions of which one request can have several values: their sums overlap. */
export const overlapping = name => name === 'tag' || name === 'group';

/** What to know of a chart over such a dimension, of which it shows the greatest values only. */
export const overlapNote = (name, all) => (overlapping(name) ? `${all > MOST_SERIES ? `the ${MOST_SERIES} greatest; ` : ''}a request counts under each of its values` : '');

/** The parameters of a report on a state. */
export function usageParameters(state, span, { interval, groupBy, filters, limit } = {}) {
  const parameters = new URLSearchParams({ from: new Date(span.from).toISOString(), to: new Date(span.to).toISOString() });
  if (interval) {
    parameters.set('interval', interval);
  }

  if (groupBy) {
    parameters.set('group_by', groupBy);
  }

  parameters.set('limit', limit ?? 10_000);
  addFilters(parameters, filters ?? state.filters, Object.keys(dimensions));
  return parameters;
}

/** The parameters of a list of single requests. */
export function requestParameters(state, span, { limit, page, filters } = {}) {
  const parameters = new URLSearchParams({ from: new Date(span.from).toISOString(), to: new Date(span.to).toISOString(), limit: limit ?? 50 });
  if (page) {
    parameters.set('page_token', page);
  }

  addFilters(parameters, filters ?? state.filters, [...Object.keys(dimensions), ...Object.keys(requestFilters)]);
  return parameters;
}

function addFilters(parameters, filters, names) {
  for (const name of names) {
    for (const value of filters[name] ?? []) {
      parameters.append(name, value);
    }
  }
}

/** A usage report. */
export const usage = (state, span, options, signal) => getJson('usage', usageParameters(state, span, options), signal);

/** All steps of a span, those without requests too. */
export function steps(span) {
  const starts = [];
  for (let at = floor(span.from, span.interval); at < span.to; at = step(at, span.interval, 1)) {
    starts.push(at);
  }

  return starts;
}

/** The values of a measure over all steps. */
export function values(rows, starts, measure, otherwise) {
  const byStart = new Map(rows.map(row => [Date.parse(row.start), row]));
  return starts.map(start => byStart.get(start)?.[measure] ?? otherwise);
}

/**
 * A measure over time, a series for each of a dimension's greatest values, and one for what is left where that can be told.
 * @param top Rows of the report grouped by the dimension, the greatest first.
 * @param all Rows of the report by step alone; for what is left.
 */
export async function topSeries(state, span, { by, measure, top, all, rest = true }, signal) {
  const names = top.slice(0, MOST_SERIES).map(row => row[by]);
  const starts = steps(span);
  if (names.length === 0) {
    return [];
  }

  const { rows } = await usage(state, span, { interval: span.interval, groupBy: by, filters: { ...state.filters, [by]: names } }, signal);
  const series = top.slice(0, MOST_SERIES).map(row => ({ name: row[by], total: row[measure], values: values(rows.filter(r => r[by] === row[by]), starts, measure, rest ? 0 : null) }));
  if (rest && top.length > names.length && !overlapping(by)) {
    const sums = values(all, starts, measure, 0);
    series.push({
      name: 'all others', other: true, total: top.slice(MOST_SERIES).reduce((part, row) => part + (row[measure] ?? 0), 0),
      values: sums.map((sum, i) => Math.max(0, sum - series.reduce((part, s) => part + s.values[i], 0))),
    });
  }

  return series;
}

/** Such series as a chart shows them: each in a colour, with what it comes to, and leading to its value alone. */
export const toned = (context, by, series, format) => series.map((s, i) => ({
  ...s, color: s.other ? 'c8' : `c${i + 1}`, total: format(s.total),
  href: s.other ? null : context.link({ filters: { ...context.state.filters, [by]: [s.name] } }),
}));
