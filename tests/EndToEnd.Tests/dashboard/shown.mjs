// What the dashboard shows: the figures of the reports, all of them, and nothing that a stranger wrote as anything but text.
import { deepStrictEqual as equal, ok } from 'node:assert/strict';
import { chat, check, CLOSED, figure, open, painted, READER, report, show, spanOf, then, VIEWS } from './browser.mjs';

// As the tests made it: whatever is shown of a request may be text of a stranger's choice.
const HOSTILE = '<img src=x onerror=alert(1)>';

await check('figures', async () => {
  const page = await open();
  const asked = page.waitForRequest(r => r.url().includes('/reports/usage?') && r.url().includes('interval='));
  await show(page);
  const { total } = await report('usage', spanOf((await asked).url()));
  ok(total.requests >= 10 && total.errors >= 1 && total.total_tokens > 0, JSON.stringify(total));
  equal(await figure(page, 'Requests'), total.requests);
  equal(await figure(page, 'Errors'), total.errors / total.requests);
  equal(await figure(page, 'Tokens'), total.total_tokens);
  equal(await figure(page, 'Latency p50'), total.latency_p50_ms);
  equal(await figure(page, 'Latency p99'), total.latency_p99_ms);
  equal(await page.locator('[data-figure="Cost"] .value').textContent(), '$0');
});

for (const view of VIEWS) {
  await check(`draws ${view}`, async () => {
    const page = await open();
    await show(page, `?view=${view}&span=1h`);
    equal(await page.locator('nav#views [aria-current="page"]').count(), 1);
    const points = await painted(page);
    // What the demo answers costs nothing, which is said instead of drawn.
    equal(points.length >= 1, view !== 'requests' && view !== 'cost', `${points.length} charts`);
    equal(await page.getByText('Nothing here cost anything.').count(), ['overview', 'cost'].includes(view) ? 1 : 0);
    ok(points.every(count => count > 300), `A canvas is blank: ${points}`);
    const tables = page.locator('#view table');
    ok(await tables.count() >= 1, 'There is no table.');
    for (const table of await tables.all()) {
      ok((await table.locator('caption').textContent()).length > 3);
      equal(await table.locator('thead th:not([scope="col"])').count(), 0);
      ok(await table.locator('tbody tr').count() >= 1);
      equal(await table.locator('tbody tr > th[scope="row"]').count(), await table.locator('tbody tr').count());
    }
  });
}

await check('numbers', async () => {
  const page = await open();
  await show(page);
  equal(await page.evaluate(async () => {
    const { axis, bytes, change, count, dollars, duration, percent } = await import(new URL('format.js', document.querySelector('script[type=module]').src));
    return [
      [0, 999, 1000, 12_345, 999_950, 1_234_567, 4_200_000_000, null].map(count),
      [0.42, 12.34, 123.4, 999.6, 1234, 59_994, 125_000, 7_260_000, null].map(duration),
      [0, 0.000386, 0.0123, 0.5, 1.2345, 1234.5, null].map(dollars),
      [0, 0.0004, 0.0234, 0.451, 1, null].map(percent),
      [0, 12, 1234, 61_500_000, 1_070_000_000].map(bytes),
      [[0.5, [0.5, 1]], [50, [50, 150]], [1500, [1500, 3000]]].map(([value, all]) => axis.dollars(value, all)),
      [[500, [500, 1000]], [30_000, [30_000, 90_000]], [90_000, [90_000, 180_000]], [7_200_000, [7_200_000]]].map(([value, all]) => axis.duration(value, all)),
      [[150, 100], [98, 100], [100, 100], [3000, 100], [5, 0], [5, null]].map(([now, before]) => change(now, before)),
    ];
  }), [
    ['0', '999', '1 k', '12.3 k', '1 M', '1.23 M', '4.2 B', '–'],
    ['0.42 ms', '12 ms', '123 ms', '1 s', '1.23 s', '60 s', '2 min 5 s', '2 h 1 min', '–'],
    ['$0', '$0.000386', '$0.0123', '$0.50', '$1.23', '$1,235', 'unpriced'],
    ['0 %', '0.04 %', '2.3 %', '45.1 %', '100 %', '–'],
    ['0 B', '12 B', '1.23 kB', '61.5 MB', '1.07 GB'],
    ['$0.50', '$50', '$1.5 k'],
    ['0.5 s', '30 s', '1.5 min', '2 h'],
    ['▲ 50.0 % vs before', '▼ 2.0 % vs before', 'as before', '▲ 30 times vs before', 'none before', 'none before'],
  ]);
});

await check('spans and addresses', async () => {
  const page = await open();
  await show(page);
  equal(await page.evaluate(async () => {
    const { range, read, write, step } = await import(new URL('state.js', document.querySelector('script[type=module]').src));
    const now = Date.parse('2028-02-29T13:37:42Z');
    const iso = ms => new Date(ms).toISOString().slice(0, 16);
    const told = search => { const { from, to, interval, before } = range(read(search), now); return [iso(from), iso(to), interval, iso(before.from), iso(before.to)]; };
    const same = search => write(read(search));
    return [
      ['?span=1h', '', '?span=30d', '?span=month', '?span=12mo', '?span=30d&interval=hour', '?span=30d&interval=minute', '?from=2028-01-01T00:00:00Z&to=2028-02-01T00:00:00Z', '?from=2028-02-02&to=2028-02-01'].map(told),
      ['?view=cost&span=7d&tz=local&endpoint=a%2Fb&endpoint=c&tag=x%3Dy', '?view=nothing&span=1y&interval=second&refresh=1', '?view=requests&outcome=timeout&session_id=s', '?view=cost&outcome=timeout&session_id=s&agent=a', '?span=7d&from=2028-01-01&to=2028-01-02'].map(same),
      iso(step(Date.parse('2028-01-31T00:00Z'), 'month', 1)),
    ];
  }), [
    [
      ['2028-02-29T12:38', '2028-02-29T13:38', 'minute', '2028-02-29T11:38', '2028-02-29T12:37'],
      ['2028-02-28T14:00', '2028-02-29T14:00', 'hour', '2028-02-27T14:00', '2028-02-28T13:37'],
      ['2028-01-31T00:00', '2028-03-01T00:00', 'day', '2028-01-01T00:00', '2028-01-30T13:37'],
      ['2028-02-01T00:00', '2028-03-01T00:00', 'day', '2028-01-01T00:00', '2028-01-29T13:37'],
      ['2027-03-01T00:00', '2028-03-01T00:00', 'month', '2026-02-28T00:00', '2027-02-28T13:37'],
      ['2028-01-31T00:00', '2028-03-01T00:00', 'hour', '2028-01-01T00:00', '2028-01-30T13:37'],
      ['2028-01-31T00:00', '2028-03-01T00:00', 'day', '2028-01-01T00:00', '2028-01-30T13:37'],
      ['2028-01-01T00:00', '2028-02-01T00:00', 'day', '2027-12-01T00:00', '2028-01-01T00:00'],
      ['2028-02-28T14:00', '2028-02-29T14:00', 'hour', '2028-02-27T14:00', '2028-02-28T13:37'],
    ],
    ['?view=cost&span=7d&tz=local&endpoint=a%2Fb&endpoint=c&tag=x%3Dy', '/reports', '?view=requests&outcome=timeout&session_id=s', '?view=cost&agent=a', '?from=2028-01-01&to=2028-01-02'],
    '2028-02-01T00:00',
  ]);
});

await check('chart as a table', async () => {
  const page = await open();
  await show(page, '?span=1h');
  const details = page.locator('section.card', { has: page.getByRole('heading', { name: 'Requests', exact: true }) }).locator('.as-table');
  await details.locator('summary').click();
  await details.locator('table').waitFor();
  const cells = await details.locator('td data').evaluateAll(all => all.map(cell => Number(cell.value)));
  equal(cells.reduce((a, b) => a + b, 0), await figure(page, 'Requests'));
});

await check('breakdown', async () => {
  const page = await open();
  for (const by of ['endpoint', 'tag', 'api_type']) {
    const asked = page.waitForRequest(r => r.url().includes(`group_by=${by}`) && !r.url().includes('interval='));
    await show(page, `?view=usage&by=${by}`);
    const { rows } = await report('usage', { ...spanOf((await asked).url()), group_by: by });
    const shown = await page.locator('#view tbody tr').evaluateAll(all => all.map(row => [row.querySelector('th').textContent, Number(row.querySelectorAll('td')[1].querySelector('data').value)]));
    equal(shown.sort(), rows.map(row => [row[by], row.total_tokens]).sort().slice(0, 10));
  }
});

await check('single request', async () => {
  const page = await open();
  const { requests } = await report('requests', { endpoint: 'demo/messages', limit: 100 });
  const dropped = requests.find(r => r.translation?.some(t => t.dropped));
  ok(dropped, 'No request dropped a field.');
  await show(page, `?view=requests&span=1h&request=${dropped.request_id}`);
  const panel = page.locator('#detail');
  await panel.locator('.facts').first().waitFor();
  const text = await panel.innerText();
  for (const part of [dropped.request_id, dropped.translation[0].field, dropped.translation[0].reason, 'dropped', dropped.attempts[0].destination, dropped.user_agent, dropped.provider_dialect]) {
    ok(text.includes(part), `${part} is not told:\n${text}`);
  }

  const tagged = (await report('requests', { tag: 'team=search', limit: 1 })).requests[0];
  await show(page, `?view=requests&span=1h&request=${tagged.request_id}`);
  await page.getByRole('row', { name: 'team search' }).waitFor();
});

await check('paging', async () => {
  const page = await open();
  const { total } = await report('usage');
  for (let i = total.requests; i < 55; i++) {
    await chat();
  }

  await show(page, '?view=requests&span=1h');
  const ids = () => page.locator('tbody th a').evaluateAll(all => all.map(a => a.dataset.key));
  const first = await ids();
  equal(first.length, 50);
  equal([...first].sort().reverse(), first);
  await then(page, () => page.getByRole('link', { name: 'Older' }).click());
  const second = await ids();
  ok(second.length >= 5 && second[0] < first.at(-1), `${second}`);
  await then(page, () => page.getByRole('link', { name: 'Newest' }).click());
  equal((await ids())[0] >= first[0], true);
});

await check('hostile names', async () => {
  const page = await open();
  for (const view of VIEWS) {
    await show(page, `?view=${view}&span=1h&by=endpoint&endpoint=${encodeURIComponent(HOSTILE)}`);
    ok((await page.locator('body').innerText()).includes(HOSTILE), `${view} does not show the name`);
    equal(await page.locator('img, #view script, main b > script').count(), 0);
  }

  await page.locator('tbody th a').first().click();
  await page.locator('#detail .facts').first().waitFor();
  const text = await page.locator('#detail').innerText();
  ok(text.includes('<script>alert(1)</script>') && text.includes(HOSTILE), text);
  await show(page, `?view=${encodeURIComponent(HOSTILE)}&by=${encodeURIComponent(HOSTILE)}&from=x&to=y&tag=${encodeURIComponent(HOSTILE)}`);
  ok(await page.getByText('No request matches').isVisible());
  equal(await page.locator('img').count(), 0);
});

await check('prices', async () => {
  const page = await open();
  await page.addInitScript(key => sessionStorage.setItem('serverless.key', key), READER);
  const asked = page.waitForRequest(r => r.url().includes('group_by=model'));
  await show(page, '?view=cost&span=1h', CLOSED);
  const { rows, total } = await report('usage', { ...spanOf((await asked).url()), group_by: 'model' }, { base: CLOSED, key: READER });
  ok(total.cost_usd > 0 && total.unpriced > 0, JSON.stringify(total));
  equal(await figure(page, 'Cost'), total.cost_usd);
  equal(await figure(page, 'Unpriced requests'), total.unpriced);
  const unpriced = rows.filter(row => row.cost_usd === null).map(row => row.model);
  ok(unpriced.length > 0, JSON.stringify(rows));
  for (const model of unpriced) {
    equal(await page.locator('section[aria-label="Models without a price"] a', { hasText: model }).count(), 1);
    equal(await page.locator('section[aria-label="Breakdown"] tbody tr', { has: page.locator('th', { hasText: new RegExp(`^${model}$`) }) }).locator('td').first().textContent(), 'unpriced');
  }

  ok((await painted(page)).every(points => points > 300));

  // What is left out of a sum is said beside it, and the sum stands where the others do.
  await show(page, '?view=cost&span=1h&by=principal', CLOSED);
  const sum = page.locator('section[aria-label="Breakdown"] tbody td').first();
  equal(Number(await sum.locator('data').getAttribute('value')), total.cost_usd);
  ok(/^≥ \$[\d.]+, \d+ unpriced requests? not included$/.test(await sum.textContent()), await sum.textContent());
  ok(await sum.evaluate(cell => cell.getBoundingClientRect().right - cell.querySelector('data').getBoundingClientRect().right < 20), 'The sum is not at the end of its column.');
  await show(page, '?view=requests&span=1h', CLOSED);
  equal(await page.locator('tbody .unpriced').count(), total.unpriced);
});
