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

/** Reads one of the reports as a file. */
export async function getCsv(path, parameters) {
  const csv = new URLSearchParams(parameters);
  csv.set('format', 'csv');
  const response = await send(path, csv);
  return response.blob();
}

async function send(path, parameters, signal) {
  for (;;) {
    const used = key;
    const address = new URL(path, reports);
    address.search = parameters ?? '';
    // Not in Authorization: a platform that stands in front with a sign-in of its own would take it for its token.
    const response = await fetch(address, { headers: used === null ? {} : { 'x-api-key': used }, signal, cache: 'no-store', credentials: 'same-origin' });
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
