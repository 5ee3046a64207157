// How the dashboard is used: by address, pointer, keys and screen reader, with and without a key, in both themes.
import { deepStrictEqual as equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import axe from 'axe-core';
import { chat, check, CLOSED, figure, noise, OPEN, open, OWNER, PICTURES, READER, report, settled, show, spanOf, then, VIEWS } from './browser.mjs';

await check('filters', async () => {
  const page = await open();
  await show(page, '?span=1h');
  const all = await figure(page, 'Requests');
  await page.locator('.facet summary', { hasText: 'Endpoint' }).click();
  await then(page, () => page.getByRole('checkbox', { name: /^demo\/messages / }).check());
  equal(new URL(page.url()).searchParams.getAll('endpoint'), ['demo/messages']);
  const some = await figure(page, 'Requests');
  const { rows } = await report('usage', { group_by: 'endpoint' });
  equal(some, rows.find(row => row.endpoint === 'demo/messages').requests);
  ok(some < all);

  await page.keyboard.press('Escape');
  await then(page, () => page.getByRole('link', { name: 'Performance' }).click());
  equal(new URL(page.url()).searchParams.get('endpoint'), 'demo/messages');
  await then(page, () => page.goBack());
  equal(await figure(page, 'Requests'), some);
  await then(page, () => page.goBack());
  equal(await figure(page, 'Requests'), all);
  equal(new URL(page.url()).searchParams.has('endpoint'), false);
  await then(page, () => page.goForward());
  equal(await figure(page, 'Requests'), some);

  // Another reader, who is given the address.
  const other = await open();
  await other.goto(page.url());
  await settled(other);
  equal(await figure(other, 'Requests'), some);
  await then(other, () => other.getByRole('link', { name: 'Remove the filter Endpoint: demo/messages' }).click());
  equal(await figure(other, 'Requests'), all);
});

await check('drill down', async () => {
  const page = await open();
  await show(page, '?span=1h');
  const row = page.locator('section[aria-label="Endpoints"] tbody tr', { has: page.locator('a', { hasText: /^demo\/responses$/ }) });
  const requests = Number(await row.locator('td data').first().getAttribute('value'));
  await then(page, () => row.locator('th a').click());
  equal(new URL(page.url()).searchParams.get('endpoint'), 'demo/responses');
  equal(await figure(page, 'Requests'), requests);

  // A number leads to the requests that it counts, and the way back is there.
  const failed = Number((await report('usage', { endpoint: 'no-such-endpoint' })).total.errors);
  await show(page, '?span=1h');
  const errors = page.locator('section[aria-label="Endpoints"] tbody tr', { has: page.locator('a', { hasText: /^no-such-endpoint$/ }) }).getByTitle('Show those that failed');
  equal(await errors.locator('data').getAttribute('value'), String(failed));
  await then(page, () => errors.click());
  equal(await page.locator('#view tbody tr').count(), failed);
  ok(await page.getByRole('link', { name: 'Remove the filter Outcome: any failure' }).isVisible());
  equal(new URL(page.url()).searchParams.get('endpoint'), 'no-such-endpoint');
  await then(page, () => page.goBack());
  equal(await errors.count(), 1);

  // So does a step of a chart, by a click and by keys; what sums know nothing of stays behind.
  const chart = page.getByRole('slider', { name: 'Requests over time' });
  const area = chart.locator('.u-over');
  const { width } = await area.boundingBox();
  await then(page, () => area.click({ position: { x: width - 4, y: 40 } }));
  const step = spanOf(page.url());
  equal([new URL(page.url()).searchParams.get('view'), Date.parse(step.to) - Date.parse(step.from)], ['requests', 60_000]);
  await show(page, '?view=requests&span=1h&outcome=refused');
  await then(page, () => page.getByRole('link', { name: 'Overview' }).click());
  equal(new URL(page.url()).searchParams.has('outcome'), false);
  await chart.focus();
  await page.keyboard.press('End');
  await then(page, () => page.keyboard.press('Enter'));
  equal(new URL(page.url()).searchParams.get('view'), 'requests');
});

await check('span and zone', async () => {
  const page = await open({ timezoneId: 'America/New_York' });
  await show(page, '?view=requests&from=2020-01-01T00:00:00.000Z&to=2020-01-02T00:00:00.000Z');
  ok(await page.getByText('There is none from 1 Jan 2020 00:00 to 2 Jan 2020 00:00 UTC.').isVisible());
  await page.locator('.facet summary', { hasText: '1 Jan 2020' }).click();
  await page.getByLabel('From').fill('2020-01-05T00:00');
  await page.getByLabel('To', { exact: true }).fill('2020-01-06T12:30');
  await then(page, () => page.getByRole('button', { name: 'Show' }).click());
  equal(spanOf(page.url()), { from: '2020-01-05T00:00:00.000Z', to: '2020-01-06T12:30:00.000Z' });

  await then(page, () => page.getByRole('link', { name: '1 h', exact: true }).click());
  equal(await page.locator('#zone').textContent(), 'Times in UTC');
  const utc = await page.locator('tbody time').first().textContent();
  await then(page, () => page.getByLabel('Times').selectOption('local'));
  ok((await page.locator('#zone').textContent()).startsWith('Times in America/New_York'));
  ok(await page.locator('tbody time').first().textContent() !== utc);
});

await check('themes', async () => {
  const page = await open({ colorScheme: 'dark' });
  await show(page, '?span=1h');
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const ink = () => page.evaluate(() => {
    const canvas = document.querySelector('#view canvas');
    return [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].join().length;
  });
  const [dark, darkInk] = [await paper(), await ink()];
  await page.getByLabel('Theme').selectOption('light');
  ok(await paper() !== dark, 'The page stays dark.');
  await page.waitForFunction(before => {
    const canvas = document.querySelector('#view canvas');
    return [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].join().length !== before;
  }, darkInk);
  const light = await paper();
  await page.reload();
  await settled(page);
  equal(await paper(), light);
  await page.getByLabel('Theme').selectOption('auto');
  equal(await paper(), dark);
});

await check('csv', async () => {
  const page = await open();
  await show(page, '?view=usage&by=endpoint&span=1h');
  for (const [name, columns] of [['Breakdown: download as CSV', 'endpoint,requests,errors,'], ['Tokens by kind: download as CSV', 'start,requests,errors,']]) {
    const asked = page.waitForRequest(r => r.url().includes('format=csv'));
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
    const text = readFileSync(await download.path(), 'utf8');
    const same = await fetch((await asked).url());
    equal(text, await same.text());
    ok(text.startsWith(columns), text.slice(0, 80));
    ok(download.suggestedFilename().endsWith('.csv'));
    ok(text.trim().split('\r\n').length >= 2);
  }

  await show(page, '?view=requests&span=1h&endpoint=demo%2Fmessages');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Requests: download as CSV' }).click()]);
  const lines = readFileSync(await download.path(), 'utf8').trim().split('\r\n');
  equal(lines.length - 1, await page.locator('#view tbody tr').count());

  // A file is asked for page by page, and holds all of them under one head.
  await page.route('**/reports/requests?*format=csv*', route => route.continue({ url: route.request().url().replace('limit=1000', 'limit=3') }));
  await show(page, '?view=requests&span=1h');
  const [whole] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Requests: download as CSV' }).click()]);
  const all = readFileSync(await whole.path(), 'utf8').trim().split('\r\n');
  const { total } = await report('usage', { from: spanOf(page.url()).from ?? new Date(Date.now() - 3_600_000).toISOString() });
  equal([all.length - 1, all.filter(line => line === all[0]).length, new Set(all).size], [total.requests, 1, all.length]);
  await page.getByText(`requests.csv was downloaded: ${total.requests} rows.`).waitFor();
});

await check('live refresh', async () => {
  const page = await open();
  await page.clock.install();
  await show(page, '?span=1h');
  await then(page, () => page.getByRole('combobox', { name: 'Refresh' }).selectOption('5'));
  const before = await figure(page, 'Requests');
  await chat();
  await then(page, () => page.clock.fastForward(5000));
  equal(await figure(page, 'Requests'), before + 1);

  // Nobody is told what they did not ask for; where they were looking they go on looking.
  const told = await page.locator('#live').textContent();
  const chart = page.getByRole('slider', { name: 'Requests over time' });
  await chart.focus();
  await page.keyboard.press('End');
  await page.locator('section[aria-label="Endpoints"] .scroll').evaluate(e => { e.style.width = '200px'; e.scrollLeft = 40; });
  await then(page, () => page.clock.fastForward(5000));
  equal([await page.locator('#live').textContent(), await page.locator('.tip:visible').count(), await page.evaluate(() => document.activeElement.getAttribute('aria-label'))], [told, 1, 'Requests over time']);
  ok(await page.locator('.updated').textContent() !== '');

  // A tab that nobody sees asks for nothing; seen again, it is up to date at once.
  const hide = hidden => page.evaluate(value => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  let asked = 0;
  page.on('request', request => { asked += request.url().includes('/reports/usage'); });
  await hide(true);
  await chat();
  await page.clock.fastForward(60_000);
  equal(asked, 0);
  await then(page, () => hide(false));
  equal(await figure(page, 'Requests'), before + 2);
});

await check('keyboard', async () => {
  const page = await open();
  await show(page, '?span=1h');
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.getAttribute('aria-label'));
  await page.keyboard.press('Tab');
  equal(await focused(), 'Skip to the content');
  await page.keyboard.press('Enter');
  equal(await page.evaluate(() => document.activeElement.id), 'main');

  // A chart is read out step by step.
  const chart = page.getByRole('slider', { name: 'Requests over time' });
  await chart.focus();
  const texts = new Set();
  await page.keyboard.press('End');
  for (let i = 0; i < 60; i++) {
    texts.add(await chart.getAttribute('aria-valuetext'));
    await page.keyboard.press('ArrowLeft');
  }

  equal(texts.size, 60);
  ok([...texts].some(text => /succeeded \d/.test(text)), [...texts].join('\n'));
  ok(await page.locator('.tip:visible').count() === 1);

  // A filter is opened, chosen from and closed.
  const facet = page.locator('.facet summary', { hasText: 'Status' });
  await facet.focus();
  await page.keyboard.press('Enter');
  await page.locator('.option input').first().waitFor();
  await page.keyboard.press('Tab');
  await then(page, () => page.keyboard.press('Space'));
  ok(new URL(page.url()).searchParams.has('status'));
  await page.keyboard.press('Escape');
  equal(await page.evaluate(() => document.activeElement.tagName), 'SUMMARY');

  // A view, a row and its details; afterwards the reader is where they were.
  await page.getByRole('link', { name: 'Requests', exact: true }).focus();
  await then(page, () => page.keyboard.press('Enter'));
  equal(await focused(), 'Requests');
  const row = page.locator('tbody th a').first();
  await row.focus();
  await page.keyboard.press('Enter');
  await page.locator('#detail .facts').first().waitFor();
  ok(await page.evaluate(() => document.activeElement.closest('dialog') !== null));
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.getElementById('detail').open);
  equal(await page.evaluate(() => document.activeElement.dataset.key), await row.getAttribute('data-key'));
  await page.waitForURL(url => !url.searchParams.has('request'));
});

await check('key', async () => {
  const page = await open();
  await page.goto(`${CLOSED}/reports?span=1h`);
  const input = page.getByLabel('Key', { exact: true });
  await input.waitFor();

  // Whoever gives none is told so, and may do it later.
  await page.keyboard.press('Escape');
  await page.getByText('Without a key there is nothing to see.').waitFor();
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await input.waitFor();
  const submit = () => page.getByRole('button', { name: 'Show usage' }).click();
  await input.fill('a-key-that-nobody-has-been-given');
  await submit();
  await page.getByText('The key is not known to this gateway.').waitFor();
  await input.fill(READER);
  await submit();
  await settled(page);
  const { total } = await report('usage', {}, { base: CLOSED, key: READER });
  equal(await figure(page, 'Requests'), total.requests);
  ok(total.requests >= 1);
  ok((await page.locator('#who').textContent()).includes('reader'));
  ok(!page.url().includes(READER));

  // It lasts for this tab, and is nowhere that outlives it.
  await page.reload();
  await settled(page);
  equal(await figure(page, 'Requests'), total.requests);
  equal(await page.evaluate(key => JSON.stringify(localStorage).includes(key) || document.cookie.includes(key), READER), false);

  await page.getByRole('button', { name: 'Forget key' }).click();
  await input.waitFor();
  equal(await page.evaluate(() => sessionStorage.length), 0);

  // Another caller sees its own usage alone: as yet none, and how to make some.
  await input.fill(OWNER);
  await submit();
  await page.getByText('No requests in this span yet').waitFor();
  const line = await page.locator('#empty pre').textContent();
  ok(line.includes(`curl -N ${CLOSED}/v1/chat/completions`) && line.includes('Authorization: Bearer $KEY'), line);
  await chat({ base: CLOSED, headers: { authorization: `Bearer ${OWNER}` } });
  await then(page, () => page.getByRole('button', { name: 'Refresh now' }).click());
  equal(await figure(page, 'Requests'), 1);
  ok((await page.locator('#who').textContent()).includes('own usage'));
  noise.splice(0, noise.length, ...noise.filter(n => !n.includes('status of 401')));
});

await check('any prefix', async () => {
  const page = await open();
  for (const path of ['/ai-gateway/reports', '/ai-gateway/reports/', '/reports/']) {
    await page.goto(`${OPEN}${path}?span=1h`);
    await settled(page);
    ok(await figure(page, 'Requests') >= 10);
    await then(page, () => page.getByRole('link', { name: 'Cost' }).click());
    equal(new URL(page.url()).pathname, path);
  }
});

await check('gateway away', async () => {
  const page = await open();
  await show(page, '?span=1h');
  const before = await figure(page, 'Requests');
  await page.route('**/reports/usage?*', route => route.abort());
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await page.getByText('The gateway cannot be reached; what is shown may be old.').waitFor();
  equal(await figure(page, 'Requests'), before);
  await page.unroute('**/reports/usage?*');
  await then(page, () => page.getByRole('button', { name: 'Refresh now' }).click());
  equal(await page.locator('#problem').isVisible(), false);
  noise.splice(0, noise.length, ...noise.filter(n => !n.includes('ERR_FAILED')));
});

for (const colorScheme of ['light', 'dark']) {
  await check(`accessible, ${colorScheme}`, async () => {
    const page = await open({ colorScheme, bypassCSP: true });
    const audit = async where => {
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
      equal(violations.map(v => `${where}: ${v.id}: ${v.nodes.map(n => `${n.html.slice(0, 160)} ${n.any.map(a => a.message).join(' ')}`).slice(0, 3).join(' | ')}`), []);
    };
    for (const view of VIEWS) {
      await show(page, `?view=${view}&span=1h&agent=claude-code&agent=(none)`);
      for (const details of await page.locator('.as-table:visible').all()) {
        await details.locator('summary').click();
        await details.locator('table').waitFor();
      }

      await audit(view);
    }

    await page.locator('tbody th a').first().click();
    await page.locator('#detail .facts').first().waitFor();
    await audit('detail');
    await page.keyboard.press('Escape');
    await page.locator('.facet summary', { hasText: 'Endpoint' }).click();
    await page.locator('.option input').first().waitFor();
    await audit('filter');
    await page.goto(`${CLOSED}/reports`);
    await page.getByLabel('Key', { exact: true }).waitFor();
    await audit('key');
    noise.splice(0, noise.length, ...noise.filter(n => !n.includes('status of 401')));
  });
}

await check('pictures', async () => {
  await mkdir(PICTURES, { recursive: true });
  for (const [width, height] of [[1440, 900], [390, 844]]) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await open({ viewport: { width, height }, colorScheme });
      for (const view of VIEWS) {
        await show(page, `?view=${view}&span=1h`);
        equal(await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth), false, `${view} is wider than ${width}`);
        await page.screenshot({ path: `${PICTURES}/${view}-${width}-${colorScheme}.png`, fullPage: true });
      }
    }
  }
});
