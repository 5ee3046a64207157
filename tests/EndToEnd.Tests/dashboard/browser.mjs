// Drives a real Chromium over the dashboard. Environment: OPEN and CLOSED (base URLs of a gateway without and with callers), READER and
// OWNER (keys of the latter), CHROMIUM (path of the browser), PICTURES (folder).
import { ok } from 'node:assert/strict';
import { chromium } from 'playwright-core';

export const { OPEN, CLOSED, READER, OWNER, PICTURES } = process.env;

export const VIEWS = ['overview', 'performance', 'usage', 'cost', 'agents', 'requests'];

const quietly = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: quietly });

/** What no page may do, gathered over all checks: messages on the console, faults, and requests to anywhere else. */
export const noise = [];

/** A page in a browser of its own that knows nothing yet. */
export async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) noise.push(`${message.type()}: ${message.text()}`); });
  page.on('pageerror', error => noise.push(`fault: ${error.stack}`));
  page.on('dialog', dialog => { noise.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', request => { if (!/^(blob:|data:)/.test(request.url()) && ![OPEN, CLOSED].includes(new URL(request.url()).origin)) noise.push(`elsewhere: ${request.url()}`); });
  return page;
}

export const close = () => browser.close();

/** Goes to a view and waits until it is drawn. */
export async function show(page, search = '', base = OPEN) {
  await page.goto(`${base}/reports${search}`);
  await settled(page);
}

/** Waits until nothing is being asked for any more. */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector('.updated')?.textContent !== '' && !document.body.hasAttribute('aria-busy'));
}

/** Does something and waits until the page shows what came of it. */
export async function then(page, run) {
  await Promise.all([page.waitForResponse(r => /\/reports\/(usage|requests)\?/.test(r.url())), run()]);
  await settled(page);
}

/** The number in a tile, as the page holds it. */
export const figure = (page, name) => page.locator(`[data-figure="${name}"] .value data`).first().getAttribute('value').then(Number);

/** A report, asked for beside the page; the reader's parameters may be more than the report's. */
export async function report(path, parameters = {}, { base = OPEN, key } = {}) {
  const response = await fetch(`${base}/reports/${path}?${new URLSearchParams(parameters)}`, { headers: key ? { authorization: `Bearer ${key}` } : {} });
  ok(response.ok, `${path}: ${response.status}`);
  return response.json();
}

/** The span that the page asked its reports for. */
export function spanOf(url) {
  const { searchParams } = new URL(url);
  return { from: searchParams.get('from'), to: searchParams.get('to') };
}

/** How many points of each canvas were drawn on. */
export const painted = page => page.evaluate(() => [...document.querySelectorAll('#view canvas')].map(canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 3; i < data.length; i += 4) {
    count += data[i] > 0;
  }

  return count;
}));

/** Makes a request through the gateway. */
export async function chat({ base = OPEN, model = 'demo', headers = {} } = {}) {
  const response = await fetch(`${base}/v1/chat/completions`, {
    method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello!' }] }),
  });
  await response.text();
}

/** Runs a named check and prints what was found. */
export async function check(name, run) {
  let error = null;
  try {
    await run();
  } catch (e) {
    error = (e?.stack ?? String(e)).slice(0, 2000);
  }

  console.log(JSON.stringify({ check: name, error }));
}
