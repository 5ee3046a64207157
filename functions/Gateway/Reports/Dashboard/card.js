// Frames around what is shown.
import { h, fill, icon, announce, save } from './dom.js';
import { getCsv } from './api.js';

/** A card with a title. `csv()` gives the report to download, as { path, parameters, name }. */
export function card(title, { csv, note, actions = [], wide = false } = {}, ...body) {
  const subtitle = h('span', { class: 'card-note' }, note ?? '');
  const element = h('section', { class: wide ? 'card wide' : 'card', 'aria-label': title },
    h('header', { class: 'card-head' }, h('h2', null, title), subtitle, h('span', { class: 'card-actions' }, actions, csv && csvButton(title, csv))),
    body);
  element.note = text => { subtitle.textContent = text; };
  return element;
}

function csvButton(title, csv) {
  const button = h('button', {
    class: 'small', 'aria-label': `${title}: download as CSV`, title: 'Download as CSV',
    onclick: async () => {
      const { path, parameters, name } = csv();
      button.disabled = true;
      try {
        save(await getCsv(path, parameters), name);
        announce(`${name} was downloaded.`);
      } catch (e) {
        announce(`The download failed: ${e.message}`);
      } finally {
        button.disabled = false;
      }
    },
  }, icon('download'), 'CSV');
  return button;
}

/** A strip of the figures that matter most. Each: { name, value, note, tone }. */
export function figures(label) {
  const element = h('dl', { class: 'figures card', 'aria-label': label });
  element.show = list => fill(element, list.map(f => h('div', { class: 'figure', dataset: { figure: f.name } },
    h('dt', null, f.name),
    h('dd', { class: f.tone ? `value ${f.tone}` : 'value' }, f.value),
    h('dd', { class: 'figure-note' }, f.note ?? '\u00a0'))));
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
