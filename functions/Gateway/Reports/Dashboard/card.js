// Frames around what is shown.
import { h, fill, icon, save, tell } from './dom.js';
import { getCsv } from './api.js';
import { count, exact } from './format.js';

/** A card with a title. `csv()` gives the report to download, as { path, parameters, name }. */
export function card(title, { csv, note, actions = [], wide = false } = {}, ...body) {
  const subtitle = h('span', { class: 'card-note' }, note ?? '');
  const element = h('section', { class: wide ? 'card wide' : 'card', 'aria-label': title },
    h('header', { class: 'card-head' }, h('h2', null, title), subtitle, h('span', { class: 'card-actions' }, actions, csv && csvButton(title, csv))),
    body);
  element.note = text => { subtitle.textContent = text; };
  return element;
}

/** Most rows of one file: what is more is a matter for the command that exports. */
const MOST_ROWS = 100_000;

function csvButton(title, csv) {
  const text = h('span', null, 'CSV');
  let running = null;
  const button = h('button', {
    class: 'small', 'aria-label': `${title}: download as CSV`, title: 'Download as CSV',
    onclick: async () => {
      if (running !== null) {
        running.abort();
        return;
      }

      const { path, parameters, name } = csv();
      running = new AbortController();
      try {
        const { blob, rows, more } = await getCsv(path, parameters, MOST_ROWS, so => { text.textContent = `${count(so)} rows, stop`; }, running.signal);
        save(blob, name);
        tell(more
          ? `${name} holds the first ${exact(rows)} rows and there are more: take a shorter span, or the command “export” for whole months.`
          : `${name} was downloaded: ${exact(rows)} ${rows === 1 ? 'row' : 'rows'}.`, more);
      } catch (e) {
        tell(e.name === 'AbortError' ? 'The download was stopped.' : `${name} was not downloaded. ${e.message}`, e.name !== 'AbortError');
      } finally {
        running = null;
        text.textContent = 'CSV';
      }
    },
  }, icon('download'), text);
  return button;
}

/** A strip of the figures that matter most. Each: { name, value, note, tone, href, hrefTitle }; the address leads to what is behind it. */
export function figures(label) {
  const element = h('dl', { class: 'figures card', 'aria-label': label });
  element.show = list => fill(element, list.map(f => h('div', { class: 'figure', dataset: { figure: f.name } },
    h('dt', null, f.name),
    h('dd', { class: f.tone ? `value ${f.tone}` : 'value' }, f.href ? h('a', { class: 'behind', href: f.href, title: f.hrefTitle, dataset: { key: `figure-${f.name}` } }, f.value) : f.value),
    h('dd', { class: 'figure-note', title: f.note }, f.note ?? '\u00a0'))));
  return element;
}

/** A choice with a label. Options: [value, text]. */
export function choice(label, options, value, chosen, { hideLabel = false } = {}) {
  const select = h('select', { onchange: () => chosen(select.value) }, options.map(([v, text, disabled]) => h('option', { value: v, disabled }, text)));
  select.value = value;
  const element = h('label', { class: 'choice' }, h('span', { class: hideLabel ? 'unseen' : 'choice-label' }, label), select);
  element.show = next => { select.value = next; };
  element.options = next => {
    fill(select, next.map(([v, text, disabled]) => h('option', { value: v, disabled }, text)));
  };
  return element;
}
