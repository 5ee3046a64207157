// Series over time: drawn by uPlot, read out by keys, and told again as a table. uPlot is loaded by the page as a script of its own.
import { h, fill } from './dom.js';
import { step as stepOn } from './state.js';

/* global uPlot */
const HEIGHT = 208;

// Distances between the marks of an axis that counts things: there is no half of a request.
const WHOLE = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map(n => n * 10 ** power)).flat();

const charts = new Set();

const probe = h('i', { hidden: true });
document.body.append(probe);

/** What a colour of the style sheet is now, in the theme that is on. */
function ink(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

/** Draws all charts anew: the colours have changed. */
export function repaint() {
  for (const chart of charts) {
    chart.draw();
  }
}

/** Makes room for a chart. `zoom` takes the span that was drawn over with a pointer. */
export function timeChart(title, zoom) {
  const plot = h('div', { class: 'plot', tabindex: '0', role: 'slider', 'aria-orientation': 'horizontal', 'aria-label': title, 'aria-valuemin': '0', 'aria-valuemax': '0', 'aria-valuenow': '0', 'aria-valuetext': 'No data yet' });
  const legend = h('ul', { class: 'legend' });
  const tip = h('div', { class: 'tip', hidden: true });
  const body = h('div', { class: 'scroll' });
  const table = h('details', { class: 'as-table' }, h('summary', null, 'Data as a table'), body);
  const note = h('p', { class: 'plot-note', hidden: true });
  const element = h('div', { class: 'chart' }, legend, h('div', { class: 'plot-frame' }, plot, tip, note), table);
  const chart = { spec: null, uplot: null, index: null };
  let drawnWidth = 0;

  chart.draw = () => {
    chart.uplot?.destroy();
    chart.uplot = null;
    plot.replaceChildren();
    if (chart.spec === null || chart.spec.note || plot.clientWidth === 0) {
      return;
    }

    drawnWidth = plot.clientWidth;
    chart.uplot = new uPlot(options(chart, plot, tip, zoom), data(chart.spec), plot);
    for (const canvas of plot.querySelectorAll('canvas')) {
      canvas.setAttribute('aria-hidden', 'true');
    }
  };

  const resized = new ResizeObserver(() => {
    if (!element.isConnected) {
      resized.disconnect();
      charts.delete(chart);
      chart.uplot?.destroy();
    } else if (plot.clientWidth !== drawnWidth) {
      chart.draw();
    }
  });
  resized.observe(plot);
  charts.add(chart);

  plot.addEventListener('keydown', event => {
    const last = (chart.spec?.starts.length ?? 0) - 1;
    const moves = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -Infinity, End: Infinity, PageUp: -10, PageDown: 10 };
    if (last < 0 || !(event.key in moves)) {
      return;
    }

    event.preventDefault();
    chart.index = Math.min(last, Math.max(0, (chart.index ?? last + 1) + moves[event.key]));
    point(chart, plot, tip, chart.index);
  });
  plot.addEventListener('blur', () => { tip.hidden = true; });
  table.addEventListener('toggle', () => { if (table.open && chart.spec !== null) fill(body, asTable(title, chart.spec)); });

  /**
   * Shows a series. The spec: kind ('stack' or 'lines'), starts (milliseconds) and interval of the steps, to, clock, format, and series
   * of { name, color, values, total }; `whole` counts things; `note` is told in the place of a chart that has
   * nothing to show.
   */
  element.show = spec => {
    chart.spec = spec;
    chart.index = null;
    tip.hidden = true;
    note.textContent = spec.note ?? '';
    note.hidden = !spec.note;
    element.classList.toggle('is-empty', Boolean(spec.note));
    plot.setAttribute('aria-valuemax', String(Math.max(0, spec.starts.length - 1)));
    plot.setAttribute('aria-valuetext', summary(spec));
    fill(legend, (spec.note ? [] : spec.series).map(s => h('li', null, h('span', { class: `swatch ${s.color}` }), h('span', { class: 'legend-name', title: s.name }, s.name), s.total !== undefined && h('span', { class: 'legend-total' }, s.total))));
    if (table.open) {
      fill(body, asTable(title, spec));
    }

    chart.draw();
  };
  return element;
}

const summary = spec => `${spec.starts.length} steps, ${spec.series.length} series. Arrow keys read single steps.`;

/** Steps lie in the middle of what they cover, so that bars and lines agree. */
const middles = spec => spec.starts.map(start => (start + stepOn(start, spec.interval, 1)) / 2000);

function data(spec) {
  if (spec.kind === 'lines') {
    return [middles(spec), ...spec.series.map(s => s.values)];
  }

  // The whole stack is drawn first, and each part that lies lower over it.
  const sums = spec.starts.map(() => 0);
  const layers = spec.series.map(s => s.values.map((value, i) => (sums[i] += value ?? 0)));
  return [middles(spec), ...layers.reverse().map(layer => layer.map(sum => sum || null))];
}

function options(chart, plot, tip, zoom) {
  const { spec } = chart;
  const [from, to] = [spec.starts[0] / 1000, spec.to / 1000];
  const axis = { stroke: ink('muted'), font: `11px ${getComputedStyle(document.body).fontFamily}`, ticks: { show: false }, labelGap: 0 };
  const stacked = spec.kind === 'stack';
  const series = stacked ? [...spec.series].reverse() : spec.series;
  const few = spec.starts.length <= 60;
  const bars = stacked ? uPlot.paths.bars({ size: [0.8, 36, 1] }) : undefined;
  return {
    width: plot.clientWidth,
    height: HEIGHT,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { show: !stacked, size: 7 }, y: false },
    scales: { x: { time: true, range: [from, to] }, y: { range: (_, least, most) => [0, most > 0 ? most * 1.08 : 1] } },
    tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), spec.clock.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone),
    axes: [
      { ...axis, grid: { show: false }, size: 24, gap: 6, space: 72, values: (_, splits) => splits.map(s => (s < to ? spec.clock.tick(s * 1000, spec.interval) : '')) },
      { ...axis, grid: { stroke: ink('grid'), width: 1 }, size: 60, gap: 8, space: 36, incrs: spec.whole ? WHOLE : undefined, values: (_, splits) => splits.map(v => (v === 0 ? '0' : spec.format(v))) },
    ],
    series: [{}, ...series.map(s => {
      const color = ink(s.color);
      return stacked
        ? { stroke: color, fill: color, width: 0, paths: bars, points: { show: false } }
        : { stroke: color, width: few ? 2 : 1.5, points: { show: few, size: 5, fill: color, stroke: color } };
    })],
    hooks: {
      setCursor: [u => {
        if (u.cursor.idx === null || u.cursor.idx === undefined || u.cursor.left < 0) {
          tip.hidden = true;
        } else {
          point(chart, plot, tip, u.cursor.idx, u);
        }
      }],
      setSelect: [u => {
        if (u.select.width > 8) {
          const [start, end] = [u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')];
          zoom(start * 1000, end * 1000);
        }
      }],
    },
  };
}

/** Shows and tells the values of one step. */
function point(chart, plot, tip, index, from) {
  const { spec, uplot } = chart;
  const values = spec.series.map(s => [s, s.values[index]]).filter(([, v]) => v !== null && v !== undefined && (v !== 0 || spec.series.length <= 4));
  const time = spec.clock.step(spec.starts[index], spec.interval);
  const sum = spec.kind === 'stack' && spec.series.length > 1 ? values.reduce((all, [, v]) => all + v, 0) : null;
  fill(
    tip,
    h('p', { class: 'tip-time' }, time),
    values.length === 0 && h('p', null, 'nothing'),
    values.map(([s, v]) => h('p', null, h('span', { class: `swatch ${s.color}` }), h('span', { class: 'tip-name' }, s.name), h('b', null, spec.format(v)))),
    sum !== null && values.length > 1 && h('p', { class: 'tip-sum' }, h('span', { class: 'tip-name' }, 'together'), h('b', null, spec.format(sum))));
  const u = from ?? uplot;
  if (u) {
    const at = u.valToPos(middles(spec)[index], 'x');
    if (!from) {
      u.setCursor({ left: at, top: 10 }, false);
    }

    tip.hidden = false;
    const left = u.over.offsetLeft + at;
    const width = tip.offsetWidth;
    tip.style.left = `${left + 14 + width > plot.clientWidth ? Math.max(0, left - width - 14) : left + 14}px`;
  }

  plot.setAttribute('aria-valuenow', String(index));
  plot.setAttribute('aria-valuetext', `${time}: ${values.map(([s, v]) => `${s.name} ${spec.format(v)}`).join(', ') || 'nothing'}`);
}

function asTable(title, spec) {
  const rows = spec.starts.map((start, i) => [start, i]).filter(([, i]) => spec.series.some(s => s.values[i])).reverse();
  return h(
    'table', { class: 'plain' },
    h('caption', null, `${title}, by ${spec.interval}; steps without anything are left out`),
    h('thead', null, h('tr', null, h('th', { scope: 'col' }, `Time (${spec.clock.name})`), spec.series.map(s => h('th', { scope: 'col', class: 'num' }, s.name)))),
    h('tbody', null, rows.map(([start, i]) => h('tr', null,
      h('th', { scope: 'row' }, spec.clock.step(start, spec.interval)),
      spec.series.map(s => h('td', { class: 'num' }, s.values[i] === null || s.values[i] === undefined ? '–' : h('data', { value: s.values[i] }, spec.format(s.values[i]))))))));
}
