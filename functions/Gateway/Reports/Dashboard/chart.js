// Series over time: drawn by uPlot, read out by keys, and told again as a table. uPlot is loaded by the page as a script of its own.
import { h, fill } from './dom.js';
import { axis, count, dollars, duration, DURATION_STEPS } from './format.js';
import { floor, step as stepOn } from './state.js';

/* global uPlot */
const HEIGHT = 208;

// Distances between the marks of an axis that counts things: there is no half of a request.
const WHOLE = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map(n => n * 10 ** power)).flat();

/** What a chart can be of: how values are written, how on the axis, and where marks stand. */
const UNITS = {
  count: { format: count, axis: axis.count, steps: WHOLE },
  dollars: { format: dollars, axis: axis.dollars },
  duration: { format: duration, axis: axis.duration, steps: DURATION_STEPS },
};

/** Up to so many steps each is marked, and lines are bold. */
const FEW = 60;

/** Least pixels from one mark of the time axis to the next. */
const MARK = 72;

const charts = new Set();

const probe = h('i', { class: 'ink', hidden: true });
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

/** Makes room for a chart. `zoom(from, to)` takes the span that was drawn over with a pointer, `open(from, to)` the step that was chosen. */
export function timeChart(title, { zoom, open }) {
  const plot = h('div', { class: 'plot', tabindex: '0', role: 'slider', 'aria-orientation': 'horizontal', 'aria-label': title, 'aria-valuemin': '0', 'aria-valuemax': '0', 'aria-valuenow': '0', 'aria-valuetext': 'No data yet' });
  const legend = h('ul', { class: 'legend' });
  const tip = h('div', { class: 'tip', hidden: true });
  const body = h('div', { class: 'scroll' });
  const table = h('details', { class: 'as-table' }, h('summary', null, 'Data as a table'), body);
  const note = h('p', { class: 'plot-note', hidden: true });
  const element = h('div', { class: 'chart' }, legend, h('div', { class: 'plot-frame' }, plot, tip, note), table);
  const chart = { spec: null, uplot: null, index: null, plot, tip, zoom };
  let drawnWidth = 0;

  chart.draw = () => {
    chart.uplot?.destroy();
    chart.uplot = null;
    plot.replaceChildren();
    if (chart.spec === null || chart.spec.note || plot.clientWidth === 0) {
      return;
    }

    drawnWidth = plot.clientWidth;
    chart.uplot = new uPlot(options(chart), data(chart.spec), plot);
    for (const canvas of plot.querySelectorAll('canvas')) {
      canvas.setAttribute('aria-hidden', 'true');
    }

    if (!tip.hidden && chart.index !== null) {
      point(chart, chart.index);
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

  const openStep = index => open(chart.spec.starts[index], stepOn(chart.spec.starts[index], chart.spec.interval, 1));
  plot.addEventListener('keydown', event => {
    const last = (chart.spec?.starts.length ?? 0) - 1;
    const moves = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -Infinity, End: Infinity, PageUp: -10, PageDown: 10 };
    if (event.key === 'Enter' && chart.index !== null) {
      openStep(chart.index);
    } else if (event.key === 'Escape') {
      tip.hidden = true;
    } else if (last >= 0 && event.key in moves) {
      event.preventDefault();
      chart.index = Math.min(last, Math.max(0, (chart.index ?? last + 1) + moves[event.key]));
      point(chart, chart.index);
    }
  });
  plot.addEventListener('blur', () => { tip.hidden = true; });

  // A click chooses a step; a finger only looks at it, and what was drawn over is zoomed into.
  let pressed = null;
  plot.addEventListener('pointerdown', event => { pressed = event.pointerType === 'mouse' && event.button === 0 ? event.clientX : null; });
  plot.addEventListener('click', event => {
    const over = event.target.closest('.u-over');
    if (pressed !== null && Math.abs(event.clientX - pressed) < 4 && over && chart.uplot) {
      openStep(chart.uplot.posToIdx(event.clientX - over.getBoundingClientRect().left));
    }
  });
  table.addEventListener('toggle', () => { if (table.open && chart.spec !== null) fill(body, asTable(title, chart.spec)); });

  /**
   * Shows a series. The spec: kind ('stack' or 'lines'), unit (of UNITS), starts (milliseconds) and interval of the steps, to, clock, and series
   * of { name, color, values, total, href }; `note` is told in the place of a chart that has nothing to show.
   */
  element.show = spec => {
    const same = chart.uplot !== null && !spec.note && shape(spec) === shape(chart.spec);
    chart.spec = spec;
    chart.index = chart.index !== null && chart.index < spec.starts.length ? chart.index : null;
    note.textContent = spec.note ?? '';
    note.hidden = !spec.note;
    element.classList.toggle('is-empty', Boolean(spec.note));
    plot.tabIndex = spec.note ? -1 : 0;
    plot.setAttribute('aria-valuemax', String(Math.max(0, spec.starts.length - 1)));
    fill(legend, (spec.note ? [] : spec.series).map(legendItem));
    if (table.open) {
      fill(body, asTable(title, spec));
    }

    if (same) {
      // Whoever looks at a step goes on looking at it.
      chart.uplot.setData(data(spec));
    } else {
      tip.hidden = true;
      chart.draw();
    }

    if (!tip.hidden && chart.index !== null) {
      point(chart, chart.index);
    } else {
      plot.setAttribute('aria-valuetext', spec.note || `${spec.starts.length} steps, ${spec.series.length} series. Arrow keys read single steps, Enter shows the requests of one.`);
    }
  };
  return element;
}

/** What cannot be changed on a chart that is drawn. */
const shape = spec => JSON.stringify([spec.kind, spec.unit, spec.interval, spec.clock.name, spec.starts.length > FEW, spec.series.map(s => [s.name, s.color])]);

function legendItem(series) {
  const name = [h('span', { class: `swatch ${series.color}` }), h('span', { class: 'legend-name', title: series.name }, series.name), series.total !== undefined && h('span', { class: 'legend-total' }, series.total)];
  return h('li', null, series.href ? h('a', { href: series.href, title: `Only ${series.name}`, dataset: { key: `legend-${series.name}` } }, name) : name);
}

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

function options(chart) {
  const { plot, tip, zoom } = chart;
  const { clock, kind, unit, starts, series: parts } = chart.spec;
  const { axis: written, steps } = UNITS[unit];
  const stacked = kind === 'stack';
  const series = stacked ? [...parts].reverse() : parts;
  const few = starts.length <= FEW;
  const bars = stacked ? uPlot.paths.bars({ size: [0.8, 36, 1] }) : undefined;
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const axes = { stroke: ink('muted'), font, ticks: { show: false }, labelGap: 0 };
  return {
    width: plot.clientWidth,
    height: HEIGHT,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { show: !stacked, size: 7 }, y: false },
    scales: {
      x: { time: true, range: () => [chart.spec.starts[0] / 1000, chart.spec.to / 1000] },
      y: { range: (_, least, most) => [0, most > 0 ? most * 1.08 : 1] },
    },
    tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), clock.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone),
    axes: [
      { ...axes, grid: { show: false }, size: 24, gap: 6, space: MARK, ...timeMarks(chart) },
      { ...axes, grid: { stroke: ink('grid'), width: 1 }, size: widest(font), gap: 8, space: 30, incrs: steps, values: (_, splits) => splits.map(v => (v === 0 ? '0' : written(v, splits))) },
    ],
    series: [{}, ...series.map(s => {
      const color = ink(s.color);
      return stacked
        ? { stroke: color, fill: color, width: 0, paths: bars, points: { show: false } }
        : { stroke: color, width: few ? 2 : 1.5, points: { show: few, size: 5, fill: color, stroke: color, ...(few ? {} : { filter: alone }) } };
    })],
    hooks: {
      setCursor: [u => {
        if (u.cursor.idx === null || u.cursor.idx === undefined || u.cursor.left < 0) {
          tip.hidden = true;
        } else {
          point(chart, u.cursor.idx, u);
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

/** Marks of the time axis: at moments, but under the middle of days and months, which are wide. */
function timeMarks({ spec: { interval, clock }, spec }) {
  if (interval !== 'day' && interval !== 'month') {
    return { values: (_, splits) => splits.map(s => (s < spec.to / 1000 ? clock.tick(s * 1000, interval) : '')) };
  }

  return {
    splits: u => {
      const [all] = u.data;
      const every = Math.max(1, Math.ceil((all.length * MARK * devicePixelRatio) / u.bbox.width));
      return all.filter((_, i) => i % every === 0);
    },
    values: (_, splits) => splits.map(s => clock.tick(floor(s * 1000, interval), interval)),
  };
}

/** As wide as what stands on an axis. */
const widest = font => (u, values) => {
  u.ctx.font = font;
  return 18 + Math.max(0, ...(values ?? []).map(text => u.ctx.measureText(text).width / (u.ctx.getTransform().a || 1)));
};

/** Where a line has no neighbour to be drawn to. */
function alone(u, index) {
  const values = u.data[index];
  const gone = value => value === null || value === undefined;
  return values.map((_, i) => i).filter(i => !gone(values[i]) && gone(values[i - 1]) && gone(values[i + 1]));
}

/** Shows and tells the values of one step. */
function point(chart, index, from) {
  const { spec, uplot, plot, tip } = chart;
  const { format } = UNITS[spec.unit];
  const values = spec.series.map(s => [s, s.values[index]]).filter(([, v]) => v !== null && v !== undefined && (v !== 0 || spec.series.length <= 4));
  const zone = spec.interval === 'hour' || spec.interval === 'minute' ? ` ${spec.clock.name}` : '';
  const running = stepOn(spec.starts[index], spec.interval, 1) > Date.now() ? ', so far' : '';
  const time = `${spec.clock.step(spec.starts[index], spec.interval)}${zone}${running}`;
  const sum = spec.kind === 'stack' && spec.series.length > 1 ? values.reduce((all, [, v]) => all + v, 0) : null;
  fill(
    tip,
    h('p', { class: 'tip-time' }, time),
    values.length === 0 && h('p', null, 'nothing'),
    values.map(([s, v]) => h('p', null, h('span', { class: `swatch ${s.color}` }), h('span', { class: 'tip-name' }, s.name), h('b', null, format(v)))),
    sum !== null && values.length > 1 && h('p', { class: 'tip-sum' }, h('span', { class: 'tip-name' }, 'together'), h('b', null, format(sum))));
  chart.index = index;
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
  plot.setAttribute('aria-valuetext', `${time}: ${values.map(([s, v]) => `${s.name} ${format(v)}`).join(', ') || 'nothing'}`);
}

function asTable(title, spec) {
  const { format } = UNITS[spec.unit];
  const rows = spec.starts.map((start, i) => [start, i]).filter(([, i]) => spec.series.some(s => s.values[i])).reverse();
  return h(
    'table', { class: 'plain' },
    h('caption', null, `${title}, by ${spec.interval}; steps without anything are left out`),
    h('thead', null, h('tr', null, h('th', { scope: 'col' }, `Time (${spec.interval === 'day' || spec.interval === 'month' ? 'UTC' : spec.clock.name})`), spec.series.map(s => h('th', { scope: 'col', class: 'num' }, s.name)))),
    h('tbody', null, rows.map(([start, i]) => h('tr', null,
      h('th', { scope: 'row' }, spec.clock.step(start, spec.interval)),
      spec.series.map(s => h('td', { class: 'num' }, s.values[i] === null || s.values[i] === undefined ? '–' : h('data', { value: s.values[i] }, format(s.values[i]))))))));
}
