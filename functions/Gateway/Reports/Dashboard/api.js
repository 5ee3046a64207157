// The gateway's reports. A key is asked for when the gateway wants one, kept for this tab alone, and sent in a header.
const STORED = 'serverless.key';

// This file lies in reports/assets/<version>/, wherever that is mounted.
export const reports = new URL('../../', import.meta.url);

let key = stored();
let asking = null;
let ask = () => Promise.reject(new Error('There is nobody to ask for a key.'));

/** An answer that says no. */
export class Refusal extends Error {
  constructor(status, message, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Sets who is asked for a key: takes why, and promises one. */
export function onKeyWanted(handler) {
  ask = handler;
}

export const hasKey = () => key !== null;

/** Forgets the key. */
export function forgetKey() {
  key = null;
  keep(null);
}

/** Reads one of the reports. */
export async function getJson(path, parameters, signal) {
  const response = await send(path, parameters, signal);
  return response.json();
}

/**
 * Reads one of the reports as a file, page by page until there is no more, or as many rows as are asked for at most.
 * @param progress Is told how many rows there are so far.
 * @returns The file as `blob`, its `rows`, and whether there are `more`.
 */
export async function getCsv(path, parameters, most, progress, signal) {
  const csv = new URLSearchParams(parameters);
  csv.set('format', 'csv');
  if (path === 'usage') {
    // Without a limit it is given whole, so that no row changes its page meanwhile.
    csv.delete('limit');
  }

  const parts = [];
  let rows = 0;
  let next = null;
  do {
    if (next !== null) {
      csv.set('page_token', next);
    }

    const response = await send(path, csv, signal);
    next = response.headers.get('x-next-page-token');
    const text = await response.text();
    const body = text.indexOf('\r\n') + 2;
    parts.push(parts.length === 0 ? text : text.slice(body));
    rows += lines(text) - 1;
    progress(rows);
  } while (next !== null && rows < most);
  return { blob: new Blob(parts, { type: 'text/csv' }), rows, more: next !== null };
}

/** How many lines a text has as CSV: a quoted value may hold breaks of its own. */
function lines(text) {
  let count = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) {
      quoted = !quoted;
    } else if (code === 10 && !quoted) {
      count++;
    }
  }

  return count;
}

async function send(path, parameters, signal) {
  for (;;) {
    const used = key;
    const address = new URL(path, reports);
    address.search = parameters ?? '';
    // Not in Authorization: a platform that stands in front with a sign-in of its own would take it for its token.
    const response = await fetch(address, { headers: used === null ? {} : { 'x-api-key': used }, signal, cache: 'no-store', credentials: 'same-origin' }).catch(e => {
      throw e.name === 'AbortError' ? e : new Refusal(0, 'The gateway cannot be reached; what is shown may be old.', 'unreachable');
    });
    if (response.ok) {
      keep(used);
      return response;
    }

    const refusal = await explain(response);
    if (response.status !== 401) {
      throw refusal;
    }

    // Several requests are refused at once; the reader is asked once.
    if (key === used) {
      asking ??= ask(used === null ? null : refusal.message).finally(() => { asking = null; });
      key = await asking;
    }
  }
}

async function explain(response) {
  try {
    const { error } = await response.json();
    return new Refusal(response.status, error.message, error.code);
  } catch {
    return new Refusal(response.status, `The gateway answered with ${response.status}.`, null);
  }
}

function stored() {
  try {
    return sessionStorage.getItem(STORED);
  } catch {
    return null;
  }
}

function keep(value) {
  try {
    if (value === null) {
      sessionStorage.removeItem(STORED);
    } else {
      sessionStorage.setItem(STORED, value);
    }
  } catch {
    // Without storage it is kept as long as the page.
  }
}
