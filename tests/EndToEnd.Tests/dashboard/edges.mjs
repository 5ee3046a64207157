// What the dashboard does when something is not as usual: the store away, answers late, other colours, paper; and what it asks of the gateway.
import { deepStrictEqual as equal, ok } from 'node:assert/strict';
import { check, figure, noise, open, show, then, VIEWS } from './browser.mjs';

const away = status => route => route.fulfill({ status, contentType: 'application/json', body: JSON.stringify({ error: { message: `It is away (${status}).`, code: 'usage_store_unavailable' } }) });

await check('store away', async () => {
  const page = await open();
  for (const [status, advice] of [[503, 'Requests are served and recorded all the same.'], [403, 'Ask whoever runs this gateway for the role “reader”.']]) {
    await page.route('**/reports/usage?*', away(status));
    await page.goto('about:blank');
    await show(page, '?span=1h');
    await page.getByText(`It is away (${status}). ${advice}`).waitFor();
    equal(await page.locator('#view').isVisible(), false, 'Empty frames look like an answer.');
    await page.unroute('**/reports/usage?*');
    await then(page, () => page.getByRole('button', { name: 'Try again' }).click());
    equal(await page.locator('#problem').isVisible(), false);
    ok(await figure(page, 'Requests') >= 10);
  }

  noise.splice(0, noise.length, ...noise.filter(n => !/status of (503|403)/.test(n)));
});

await check('late answers', async () => {
  const page = await open();
  let go;
  const gate = new Promise(resolve => { go = resolve; });
  await page.route('**/reports/usage?*', async route => { await gate; await route.continue(); });
  await page.goto(`${process.env.OPEN}/reports?span=1h`);
  await page.getByText('still adding up…').waitFor();
  ok(await page.getByRole('heading', { name: 'Latency' }).isVisible());
  equal(await page.locator('body').getAttribute('aria-busy'), 'true');

  // Whoever does not wait, and goes elsewhere, is shown only that.
  const requests = page.waitForResponse(r => r.url().includes('/reports/requests?'));
  await page.getByRole('link', { name: 'Requests', exact: true }).click();
  await requests;
  await page.locator('#view tbody tr').first().waitFor();
  go();
  await page.waitForFunction(() => !document.body.hasAttribute('aria-busy'));
  equal(await page.locator('#title').textContent(), 'Requests');
  ok(await page.locator('#view tbody tr').count() >= 10);
});

await check('few questions', async () => {
  const page = await open();
  const asked = [];
  page.on('request', request => { if (/\/reports\/(usage|requests|dimensions)/.test(request.url())) asked.push(request.url()); });
  for (const view of VIEWS) {
    asked.length = 0;
    await show(page, `?view=${view}&span=1h`);
    ok(asked.length <= 7, `${view}: ${asked.length}`);
    equal(new Set(asked).size, asked.length, `${view} asks the same twice:\n${asked.join('\n')}`);
  }
});

await check('forced colors', async () => {
  const page = await open({ forcedColors: 'active' });
  await show(page, '?view=usage&span=1h');
  const swatches = await page.locator('#view .swatch').evaluateAll(all => [...new Set(all.map(e => getComputedStyle(e).backgroundColor))]);
  ok(swatches.length >= 4, `Series cannot be told apart: ${swatches}`);
  const inks = await page.evaluate(() => {
    const canvas = document.querySelector('#view canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colors = new Map();
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] === 255) {
        const color = `${data[i]},${data[i + 1]},${data[i + 2]}`;
        colors.set(color, (colors.get(color) ?? 0) + 1);
      }
    }

    return [...colors.values()].filter(count => count > 30).length;
  });
  ok(inks >= 2, 'The chart has one colour.');
});

await check('paper', async () => {
  const page = await open({ colorScheme: 'dark' });
  await show(page, '?span=1h&endpoint=demo');
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  for (const gone of ['nav#views', '.facets', '.segments', '.card-actions']) {
    equal(await page.locator(gone).locator('visible=true').count(), 0, `${gone} is printed`);
  }

  ok(await page.getByText('Endpoint: demo').isVisible(), 'What was filtered by is not said.');
  equal(await page.evaluate(() => getComputedStyle(document.querySelector('.card')).backgroundColor), 'rgb(255, 255, 255)');
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  equal(await page.evaluate(() => document.documentElement.dataset.theme), undefined);
});
