// Builds the page. Text only ever becomes text nodes: names of models, tags and user agents come from strangers.

/** An element. Properties: class, dataset, on… handlers, and attributes; null and false leave one out. Children may be nested arrays. */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) {
      continue;
    }

    if (name === 'class') {
      element.className = value;
    } else if (name === 'dataset') {
      Object.assign(element.dataset, value);
    } else if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else {
      element.setAttribute(name, value === true ? '' : value);
    }
  }

  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) {
      append(element, child);
    } else if (child !== null && child !== undefined && child !== false) {
      element.append(child);
    }
  }
}

/** Puts new children in the place of all others, and the focus back on what stands for the element that had it. */
export function fill(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  element.replaceChildren();
  append(element, children);
  if (focused !== undefined) {
    [...element.querySelectorAll('[data-key]')].find(e => e.dataset.key === focused)?.focus({ preventScroll: true });
  }
}

/** A picture from the page's own sheet. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/** The page's element of that id. */
export const byId = id => document.getElementById(id);

/** Tells a screen reader something, once. */
export function announce(text) {
  const live = byId('live');
  if (live.textContent !== text) {
    live.textContent = text;
  }
}

/** Shows a short message for a while, to everybody; one that asks for something stays until the next. */
export function tell(text, stays = false) {
  const toast = byId('toast');
  clearTimeout(tell.timer);
  toast.hidden = false;
  toast.textContent = text;
  tell.timer = stays ? 0 : setTimeout(() => { toast.hidden = true; }, 6000);
}

/** Offers bytes as a file. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = h('a', { href: address, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
