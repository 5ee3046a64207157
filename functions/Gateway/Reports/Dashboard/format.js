// Numbers and times for people. What is unknown is a dash; a cost without a price is never a number.
import { h } from './dom.js';

const NONE = '–';
const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat('en', { maximumFractionDigits: 20 });
const cents = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const fraction = new Intl.NumberFormat('en', { minimumSignificantDigits: 2, maximumSignificantDigits: 3 });
const tenth = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const UNITS = [[1e12, ' T'], [1e9, ' B'], [1e6, ' M'], [1e3, ' k']];
const BYTES = [[1e12, ' TB'], [1e9, ' GB'], [1e6, ' MB'], [1e3, ' kB'], [0, ' B']];

const digits = (value, significant) => new Intl.NumberFormat('en', { maximumSignificantDigits: significant }).format(value);

/** 12,345 as 12.3 k. */
export function count(value) {
  return scaled(value, UNITS);
}

function scaled(value, units) {
  if (value === null || value === undefined) {
    return NONE;
  }

  for (const [unit, name] of units) {
    if (Math.abs(value) >= unit * 0.99995) {
      return digits(value / (unit || 1), 3) + name;
    }
  }

  return plain.format(value);
}

/** Every digit, in groups. */
export const exact = value => (value === null || value === undefined ? NONE : precise.format(value));

/** Milliseconds as 12 ms, 1.24 s, 2 min 5 s or 3 h 10 min. */
export function duration(ms) {
  if (ms === null || ms === undefined) {
    return NONE;
  }

  if (ms < 999.5) {
    return `${digits(ms, ms < 100 ? 2 : 3)} ms`;
  }

  if (ms < 60_000) {
    return `${digits(ms / 1000, 3)} s`;
  }

  const seconds = Math.round(ms / 1000);
  const [whole, rest, names] = seconds < 3600 ? [Math.floor(seconds / 60), seconds % 60, ['min', 's']] : [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), ['h', 'min']];
  return rest === 0 ? `${whole} ${names[0]}` : `${whole} ${names[0]} ${rest} ${names[1]}`;
}

/** Dollars with as many digits as they need: $1,235, $1.23, $0.0123. */
export function dollars(value) {
  if (value === null || value === undefined) {
    return 'unpriced';
  }

  if (value === 0) {
    return '$0';
  }

  const size = Math.abs(value);
  return `$${size >= 1000 ? plain.format(value) : size >= 1 ? cents.format(value) : fraction.format(value)}`;
}

/** A share of one as 12.3 %; what is small keeps two digits. */
export const percent = share => (share === null || share === undefined || Number.isNaN(share) ? NONE : `${share === 0 || share === 1 ? share * 100 : Math.abs(share) < 0.00995 ? digits(share * 100, 2) : tenth.format(share * 100)} %`);

/** Bytes as 1.2 kB. */
export const bytes = value => scaled(value, BYTES);

/** A ratio that has no value when its base is nothing. */
export const ratio = (part, whole) => (whole ? part / whole : null);

/** A short number that still holds every digit, for people who point at it and for programs. */
export function number(value, text) {
  return value === null || value === undefined ? text ?? NONE : h('data', { value, title: exact(value) }, text ?? count(value));
}

/** A cost; where requests without a price are left out of it, it is the least that it can be, and says so. */
export function cost(usd, unpriced) {
  if (usd === null) {
    return h('span', { class: 'unpriced', title: 'No price is known for this model.' }, 'unpriced');
  }

  const without = unpriced > 0 ? `${exact(unpriced)} unpriced ${unpriced === 1 ? 'request' : 'requests'} not included` : null;
  return [
    without && h('span', { class: 'unpriced', 'aria-hidden': 'true' }, '≥ '),
    h('data', { value: usd, title: [`$${exact(usd)}`, without].filter(Boolean).join(', ') }, dollars(usd)),
    without && h('span', { class: 'unseen' }, `, ${without}`),
  ];
}

/** How figures stand on an axis: no digit that every mark lacks. */
export const axis = {
  count,
  dollars: (value, all) => (all.every(v => Number.isInteger(v)) ? `$${count(value)}` : dollars(value)),
  duration: (value, all) => {
    const most = all.at(-1);
    const [unit, name] = most < 1000 ? [1, 'ms'] : most < 120_000 ? [1000, 's'] : most < 7_200_000 ? [60_000, 'min'] : [3_600_000, 'h'];
    return `${digits(value / unit, 4)} ${name}`;
  },
};

/** Distances between the marks of an axis of time: each unit is divided as clocks divide it. */
export const DURATION_STEPS = [
  ...[0.01, 0.1, 1, 10, 100].flatMap(power => [1, 2, 5].map(n => n * power)), ...[1, 2, 5, 10, 20, 30].map(n => n * 1000), ...[1, 2, 5, 10, 20, 30].map(n => n * 60_000),
  ...[1, 2, 4, 8, 12, 24, 48, 96, 192].map(n => n * 3_600_000),
];

/** How much more or less than before. */
export function change(now, before) {
  if (!before) {
    return 'none before';
  }

  const share = now / before - 1;
  return Math.abs(share) < 0.0005 ? 'as before' : `${share > 0 ? '▲' : '▼'} ${share > 10 ? `${digits(share + 1, 2)} times` : percent(Math.abs(share))} vs before`;
}

/** Writes times in the zone that the reader chose. */
export function clock(zone) {
  const timeZone = zone === 'local' ? undefined : 'UTC';
  const make = options => new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', ...options });
  const day = make({ day: 'numeric', month: 'short' });
  const year = make({ day: 'numeric', month: 'short', year: 'numeric' });
  const minute = make({ hour: '2-digit', minute: '2-digit' });
  const second = make({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
  return {
    name: zone === 'local' ? Intl.DateTimeFormat().resolvedOptions().timeZone : 'UTC',
    timeZone,
    dayTime: ms => `${day.format(ms)} ${minute.format(ms)}`,
    dayTimeYear: ms => `${year.format(ms)} ${minute.format(ms)}`,
    seconds: ms => `${day.format(ms)} ${second.format(ms)}`,
    full: ms => `${year.format(ms)} ${second.format(ms)}`,

    /** A step of a series. Days and months are UTC's, whatever the zone: so are the sums. */
    step(ms, interval) {
      switch (interval) {
        case 'month': return new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', month: 'short', year: 'numeric' }).format(ms);
        case 'day': return new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', weekday: 'short', day: 'numeric', month: 'short' }).format(ms);
        default: return `${day.format(ms)} ${minute.format(ms)}`;
      }
    },

    /** Marks of a time axis: the date where a day begins, else the time. */
    tick(ms, interval) {
      if (interval === 'month') {
        return new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', month: 'short', year: '2-digit' }).format(ms);
      }

      if (interval === 'day') {
        return new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short' }).format(ms);
      }

      const time = minute.format(ms);
      return time === '00:00' ? day.format(ms) : time;
    },
  };
}
