// Tables that can be sorted and are long only when asked to be.
import { h, fill, icon } from './dom.js';
import { exact } from './format.js';

const FIRST = 10;

/**
 * A table. A column: { name, value(row), cell(row), num, bar, title }; `value` sorts, `cell` shows, `bar` draws a share of the greatest.
 * `link(row)` gives where a row's first cell leads, as { href, label }.
 */
export function sortedTable(caption, columns, { link, sort, empty = 'Nothing in this span.' } = {}) {
  const element = h('div', { class: 'table-frame' });
  const order = { column: sort ?? null, descending: true };
  let all = false;
  let rows = [];
  let known = 0;

  function draw() {
    if (rows.length === 0) {
      fill(element, h('p', { class: 'nothing' }, empty));
      return;
    }

    const column = columns.find(c => c.name === order.column);
    const sorted = column ? [...rows].sort((a, b) => compare(column.value(a), column.value(b)) * (order.descending ? -1 : 1)) : rows;
    const shown = all ? sorted : sorted.slice(0, FIRST);
    const most = Object.fromEntries(columns.filter(c => c.bar).map(c => [c.name, Math.max(...rows.map(c.value), 0)]));
    const aside = element.querySelector('.scroll')?.scrollLeft ?? 0;
    fill(
      element,
      h('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': caption },
        h('table', null,
          h('caption', { class: 'unseen' }, caption),
          h('thead', null, h('tr', null, columns.map(c => heading(c)))),
          h('tbody', null, shown.map(row => h('tr', null, columns.map((c, i) => cell(c, row, i, most[c.name]))))))),
      rows.length > FIRST && h('button', { class: 'more', dataset: { key: `more-${caption}` }, onclick: () => { all = !all; draw(); } }, all ? `Only the first ${FIRST}` : `All ${exact(rows.length)}`),
      known > rows.length && h('p', { class: 'cut' }, `${exact(rows.length)} of ${exact(known)} are here; the CSV has them all.`));
    element.querySelector('.scroll').scrollLeft = aside;
  }

  function heading(column) {
    const sorted = order.column === column.name;
    return h('th', { scope: 'col', class: column.num ? 'num' : null, 'aria-sort': sorted ? (order.descending ? 'descending' : 'ascending') : null },
      h('button', {
        class: 'sort', dataset: { key: `sort-${caption}-${column.name}` }, title: column.title,
        onclick: () => {
          order.descending = sorted ? !order.descending : Boolean(column.num);
          order.column = column.name;
          draw();
        },
      }, column.name, sorted && icon(order.descending ? 'down' : 'up')));
  }

  function cell(column, row, index, most) {
    const content = column.cell ? column.cell(row) : column.value(row);
    const target = index === 0 ? link?.(row) : null;
    if (index === 0) {
      return h('th', { scope: 'row', title: target ? null : column.value(row) }, target ? h('a', { href: target.href, 'aria-label': target.label, title: target.label, dataset: { key: `row-${target.href}` } }, content) : content);
    }

    // Widths are set by script, which the policy for styles allows; an attribute would not be.
    const bar = column.bar && column.value(row) > 0 ? h('span', { class: 'bar' }) : null;
    if (bar) {
      bar.style.width = `${Math.max(0, column.value(row) / most) * 100}%`;
    }

    return h('td', { class: [column.num && 'num', column.bar && 'barred'].filter(Boolean).join(' ') || null, title: column.num ? null : content }, bar, content);
  }

  // `count` is how many rows there are, where not all of them were given.
  element.show = (next, count = next.length) => {
    rows = next;
    known = count;
    draw();
  };
  return element;
}

function compare(a, b) {
  if (a === b) {
    return 0;
  }

  // What is unknown comes last when the greatest come first.
  if (a === null || a === undefined || b === null || b === undefined) {
    return a === null || a === undefined ? -1 : 1;
  }

  return a < b ? -1 : 1;
}
