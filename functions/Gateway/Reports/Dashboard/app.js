// Ties the page together: the address says what is shown, the reports are asked, the view draws them.
import { h, fill, icon, byId, announce } from './dom.js';
import { forgetKey, getJson, hasKey, onKeyWanted, Refusal, reports } from './api.js';
import { choice } from './card.js';
import { repaint } from './chart.js';
import { detailPanel } from './detail.js';
import { filterBar } from './filters.js';
import { clock, count } from './format.js';
import { usageParameters } from './report.js';
import { changed, range, read, views, write } from './state.js';
import * as overview from './views/overview.js';
import * as performanceView from './views/performance.js';
import * as usageView from './views/usage.js';
import * as costView from './views/cost.js';
import * as agents from './views/agents.js';
import * as requests from './views/requests.js';

const modules = { overview, performance: performanceView, usage: usageView, cost: costView, agents, requests };

/** What views and the filter bar share. */
const context = {
  state: read(location.search),
  span: null,
  clock: null,
  link: change => write(changed(context.state, change)),
  navigate: change => go(context.link(change)),
  go: href => go(href),
  refresh: () => load(),
  open: (from, to) => go(context.link({ view: 'requests', from: new Date(from).toISOString(), to: new Date(to).toISOString() })),
  zoom: (from, to) => go(context.link({ from: new Date(Math.floor(from / 60_000) * 60_000).toISOString(), to: new Date(Math.ceil(to / 60_000) * 60_000).toISOString() })),
};

let shown = { name: null, view: null };
let running = null;
let timer = 0;

const bar = filterBar(byId('filters'), context);
const detail = detailPanel(() => {
  if (context.state.request) {
    go(write({ ...context.state, request: '' }));
  }
});

function settle() {
  context.state = read(location.search);
  context.span = range(context.state, Date.now());
  context.clock = clock(context.state.tz);
}

function go(href) {
  const next = new URL(href, location.href);
  if (next.href !== location.href) {
    history.pushState(null, '', next);
  }

  follow();
}

/** Shows what the address says. */
function follow() {
  const before = context.state;
  settle();
  const { state } = context;
  const onlyDetail = shown.name === state.view && write({ ...before, request: '' }) === write({ ...state, request: '' });
  document.title = `${views[state.view]} · Serverless`;
  byId('title').textContent = views[state.view];
  byId('zone').textContent = state.tz === 'local' ? `Times in ${context.clock.name}; days and months are those of UTC` : 'Times in UTC';
  fill(byId('views'), Object.entries(views).map(([id, name]) => h('a', { href: context.link({ view: id }), 'aria-current': id === state.view ? 'page' : null, dataset: { key: `view-${id}` } }, name)));
  byId('views').scrollLeft = byId('views').querySelector('[aria-current]').offsetLeft - 16;
  bar.show();
  if (shown.name !== state.view) {
    shown = { name: state.view, view: modules[state.view].create(context) };
    byId('view').replaceChildren(shown.view.element);
    byId('view').classList.add('is-waiting');
    byId('view').hidden = false;
    byId('empty').hidden = true;
    byId('problem').hidden = true;
  }

  if (state.request) {
    detail.show(state.request, context);
  } else {
    detail.close();
  }

  if (!onlyDetail || running === null) {
    load();
  }
}

/** Asks for what is shown, and shows it. `quiet` when nobody asked for it: then only what goes wrong is told. */
async function load({ quiet = false } = {}) {
  running?.abort();
  clearTimeout(timer);
  const mine = running = new AbortController();
  settle();
  document.body.setAttribute('aria-busy', 'true');
  const slow = setTimeout(() => bar.updated('still adding up…'), 4000);
  let again = true;
  try {
    const [total] = await Promise.all([shown.view.load(mine.signal), showWho(mine.signal)]);
    if (mine.signal.aborted) {
      return;
    }

    showProblem(null);
    showEmpty(total);
    byId('view').classList.remove('is-waiting');
    bar.show();
    const at = `${clock(context.state.tz).seconds(Date.now()).split(' ').at(-1)} ${context.clock.name}`;
    bar.updated(`updated ${at}`);
    if (!quiet) {
      announce(`${views[context.state.view]}: ${total.requests === null ? 'shown' : `${count(total.requests)} requests`}, updated ${at}.`);
    }
  } catch (e) {
    if (mine.signal.aborted || e.name === 'AbortError') {
      return;
    }

    // Who gave no key is not asked again and again.
    again = e.status !== 401;
    bar.updated('not updated');
    showProblem(e);
    if (!(e instanceof Refusal)) {
      // A fault of this page: told to whoever mends it, too.
      console.error(e);
    }
  } finally {
    clearTimeout(slow);
    if (running === mine) {
      document.body.removeAttribute('aria-busy');
      if (again) {
        schedule();
      }
    }
  }
}

function schedule() {
  clearTimeout(timer);
  const seconds = Number(context.state.refresh);
  if (seconds > 0 && !document.hidden) {
    timer = setTimeout(() => load({ quiet: true }), seconds * 1000);
  }
}

let who = null;

/** Whose usage is shown: asked for once, of a moment, so that it costs nothing. */
async function showWho(signal) {
  if (who === null) {
    const now = Date.now();
    const { principal, scope } = await getJson('dimensions', usageParameters(context.state, { from: now - 1, to: now }, { filters: {}, limit: 1 }), signal);
    who = `${principal}${scope === 'own' ? ', own usage' : ''}`;
  }

  byId('who').textContent = hasKey() ? who : '';
  byId('forget').hidden = !hasKey();
}

/** What the reader can do about a refusal, besides trying again. */
const ADVICE = {
  400: 'Go back, or take another span.',
  403: 'Ask whoever runs this gateway for the role “reader”.',
  404: 'Only what has a usage store can be shown here.',
  429: 'Wait a little, or refresh less often.',
};

function showProblem(error) {
  const problem = byId('problem');
  problem.hidden = error === null;
  if (error === null) {
    return;
  }

  const advice = ADVICE[error.status] ?? (error.status >= 500 ? 'Requests are served and recorded all the same.' : null);
  fill(problem, h('p', null, error.message, advice && ` ${advice}`), h('button', { class: 'small', dataset: { key: 'again' }, onclick: () => load() }, icon('refresh'), 'Try again'));

  // Nothing was shown yet: empty frames would look like an answer.
  byId('empty').hidden = true;
  byId('view').hidden = error.code === 'no_usage_store' || byId('view').classList.contains('is-waiting');
}

function showEmpty(total) {
  const empty = total.requests === 0;
  const filtered = Object.keys(context.state.filters).length > 0;
  byId('view').hidden = empty;
  byId('empty').hidden = !empty;
  if (!empty) {
    return;
  }

  if (filtered) {
    fill(byId('empty'), h('section', { class: 'card hello' }, h('h2', null, 'No request matches'), h('p', null, 'There is none in this span with these filters.'), h('p', null, h('a', { class: 'button', href: context.link({ filters: {} }), dataset: { key: 'clear-empty' } }, 'Clear the filters'))));
    return;
  }

  if (context.span.to < Date.now()) {
    fill(byId('empty'), h('section', { class: 'card hello' }, h('h2', null, 'No requests in this span'), h('p', null, `There is none from ${context.clock.dayTimeYear(context.span.from)} to ${context.clock.dayTimeYear(context.span.to)} ${context.clock.name}.`)));
    return;
  }

  const address = new URL('../v1/chat/completions', reports).href;
  const line = `curl -N ${address} -H 'Content-Type: application/json' ${hasKey() ? '-H "Authorization: Bearer $KEY" ' : ''}\\\n  -d '{"model":"demo","stream":true,"messages":[{"role":"user","content":"Hello!"}]}'`;
  fill(byId('empty'), h('section', { class: 'card hello' },
    h('h2', null, 'No requests in this span yet'),
    h('p', null, 'Make one, and it shows here:'),
    h('pre', { tabindex: '0' }, line),
    h('p', null, h('button', { class: 'small', dataset: { key: 'copy' }, onclick: async () => {
      await navigator.clipboard.writeText(line);
      announce('Copied.');
    } }, icon('copy'), 'Copy'))));
}

function askForKey(why) {
  const dialog = byId('key');
  const input = byId('key-input');
  byId('key-wrong').textContent = why ?? '';
  input.value = '';
  dialog.showModal();
  input.focus();
  return new Promise((resolve, reject) => {
    byId('key-form').onsubmit = event => {
      event.preventDefault();
      who = null;
      resolve(input.value.trim());
      dialog.close();
    };
    dialog.onclose = () => {
      input.value = '';
      reject(new Refusal(401, 'Without a key there is nothing to see. Refresh to give one.', 'no_key'));
    };
  });
}

function themeChoice() {
  const root = document.documentElement;
  const select = choice('Theme', [['auto', 'Auto'], ['light', 'Light'], ['dark', 'Dark']], root.dataset.theme ?? 'auto', value => {
    if (value === 'auto') {
      delete root.dataset.theme;
    } else {
      root.dataset.theme = value;
    }

    try {
      localStorage.setItem('serverless.theme', value);
    } catch {
      // It lasts as long as the page.
    }

    repaint();
  });
  byId('theme').append(select);
  for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
    matchMedia(query).addEventListener('change', repaint);
  }
}

// Links within the page change what is shown without loading it again; all that a browser does with links still works.
document.addEventListener('click', event => {
  const link = event.target.closest('a[href]');
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.hasAttribute('download')) {
    return;
  }

  const href = link.getAttribute('href');
  if (href.startsWith('?') || href === location.pathname) {
    event.preventDefault();
    go(href);
  }
});
window.addEventListener('popstate', follow);
document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(timer) : context.state.refresh !== '0' && load({ quiet: true })));

// Paper is white.
let themeOnScreen;
addEventListener('beforeprint', () => {
  themeOnScreen = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = 'light';
  repaint();
});
addEventListener('afterprint', () => {
  delete document.documentElement.dataset.theme;
  Object.assign(document.documentElement.dataset, themeOnScreen && { theme: themeOnScreen });
  repaint();
});
byId('forget').addEventListener('click', () => {
  forgetKey();
  location.reload();
});
onKeyWanted(askForKey);
themeChoice();
follow();
