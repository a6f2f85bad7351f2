import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { load } from 'js-yaml';
import { type Browser, type BrowserContext, chromium, type Download, type Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { PROVIDER_NAMES } from '../../src/providers';
import { command } from '../conformance/support/documents';
import { suiteWith } from '../conformance/support/tools';
import { run } from '../support/run';

/** The page in Chromium, opened from the disk, as a person who downloaded it does. */
const test = suiteWith('page', ['chromium']);

const FILE = resolve('dist/gen-cloudinit.html');
const URL_OF_PAGE = pathToFileURL(FILE).href;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser: Browser;
let context: BrowserContext;
let folder: string;
/** Every request of any page, and every message of its console. */
const requests: string[] = [];
const messages: string[] = [];

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'page-'));
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  context = await browser.newContext({ acceptDownloads: true, offline: true });
  context.on('request', (request) => requests.push(request.url()));
  context.on('console', (message) => messages.push(message.text()));
  context.on('weberror', (error) => messages.push(String(error.error())));
});
test.after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function opened(fragment = ''): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${URL_OF_PAGE}${fragment}`);
  await page.locator('#option-domain').waitFor();
  return page;
}

const bytesOf = async (download: Download) => readFileSync(await download.path());

async function downloaded(page: Page, name: RegExp): Promise<{ file: string; bytes: Buffer }> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name }).first().click(),
  ]);
  return { file: download.suggestedFilename(), bytes: await bytesOf(download) };
}

/** The findings that axe-core has about the page as it is now. */
async function axe(page: Page): Promise<string[]> {
  // The page's own policy refuses a script that a test adds; evaluate works in spite of it.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await Reflect.get(globalThis, 'axe').run();
    return violations.flatMap(({ id, nodes }: { id: string; nodes: { html: string }[] }) =>
      nodes.map(({ html }) => `${id}: ${html}`),
    );
  });
}

test('one file, small enough, and two builds give the same bytes as the command prints', () => {
  assert.ok(statSync(FILE).size <= 250_000, `${statSync(FILE).size} bytes`);
  const { code, stdout } = run(['page', '--output', '-']);
  assert.is(code, 0);
  assert.is(stdout, readFileSync(FILE, 'utf8'));
  const file = join(folder, 'page.html');
  const { stderr } = run(['page', '-o', file]);
  assert.match(stderr, file);
  assert.ok(readFileSync(file).equals(readFileSync(FILE)));
});

test('the policy admits no connection, and only this script and style', () => {
  const [, policy = ''] =
    /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(readFileSync(FILE, 'utf8')) ?? [];
  assert.match(
    policy,
    /^default-src 'none'; script-src 'sha256-[^']+' 'sha256-[^']+' 'wasm-unsafe-eval'; style-src 'sha256-[^']+';/,
  );
  assert.not.match(policy, /connect-src|unsafe-inline|'unsafe-eval'|https?:|\*/);
});

test('typing a domain makes the document, the report and the sizes', async () => {
  const page = await opened();
  await page.getByText('Type the domain of your server').waitFor();
  await page.getByLabel('Domain', { exact: true }).fill('matrix.example.org');
  await page.getByRole('heading', { name: 'The document' }).waitFor();
  await page.getByText('Users will be @name:matrix.example.org. This is permanent.').waitFor();
  const rows = page.getByRole('region', { name: 'Sizes per provider' }).getByRole('row');
  await rows.first().waitFor();
  assert.is(await rows.count(), PROVIDER_NAMES.length + 1);
  assert.match(await page.evaluate(() => location.hash), '#domain=matrix.example.org');
  await page.getByLabel('Server name (permanent)').fill('example.org');
  await page.getByText('Example: @alice:example.org').waitFor();
  await page.getByLabel('Provider', { exact: true }).selectOption('hetzner');
  await page.getByText('Create server → Cloud config').waitFor();
  const { file, bytes } = await downloaded(page, /^Download client$/);
  assert.is(file, 'client');
  assert.equal(JSON.parse(bytes.toString()), { 'm.homeserver': { base_url: 'https://matrix.example.org' } });
  await page.close();
});

test('for every example and provider: the same bytes as the command, or the same refusal', async () => {
  const page = await opened();
  for (const example of readdirSync('test/examples')) {
    const options = load(readFileSync(`test/examples/${example}`, 'utf8')) as Record<string, unknown>;
    for (const provider of [undefined, ...PROVIDER_NAMES]) {
      const { format: _format, output: _output, ...rest } = options;
      const asked: Record<string, unknown> = {
        ...(provider ? rest : options),
        ...(provider ? { provider } : {}),
      };
      const words = Object.entries(asked).flatMap(([name, value]) =>
        [value].flat().flatMap((one) => [`--${name}`, String(one)]),
      );
      const { code, stdout } = command(...words, '--quiet');
      const pairs = Object.entries(asked).map(([name, value]): [string, string] => [
        name,
        Array.isArray(value) ? value.join('\n') : String(value),
      ]);
      const fragment = new URLSearchParams([...pairs, ['round', `${example}-${provider}`]]).toString();
      await page.evaluate((hash) => {
        document.querySelector('[aria-label="Document"]')?.replaceChildren();
        location.hash = hash;
      }, fragment);
      const label = `${example} ${provider}`;
      if (code === 0) {
        const { bytes } = await downloaded(page, /^Download user-data/);
        assert.ok(bytes.equals(stdout), `${label}: ${bytes.length} and ${stdout.length} bytes`);
      } else {
        await page.getByText('Correct the marked fields').waitFor();
      }
    }
  }
  await page.close();
});

test('copy gives the bytes of the document', async () => {
  const page = await opened('#domain=matrix.example.org');
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy the document' }).click();
  await page.getByText('The document was copied.').waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.is(text, command('--domain', 'matrix.example.org', '--quiet').stdout.toString());
  await page.close();
});

test("mistakes stand beside their fields, in the command's words", async () => {
  const page = await opened('#domain=matrix.example.org&backup-keep=many&synapse-bind=house');
  await page.getByText('Correct the marked fields').waitFor();
  const field = page.locator('.field', { has: page.locator('#option-backup-keep') });
  assert.match(await field.innerText(), 'has an invalid value');
  assert.is(await page.locator('#option-backup-keep').getAttribute('aria-invalid'), 'true');
  assert.ok(await page.locator('#option-backup-keep').isVisible());
  await page.locator('#option-backup-keep').fill('9');
  await page.locator('#option-synapse-bind').fill('');
  await page.getByRole('heading', { name: 'The document' }).waitFor();
  await page.close();
});

test('a link brings the options back, without secrets; an old name is reported', async () => {
  const page = await opened('#domain=matrix.example.org');
  await page.getByText('Deployment').first().click();
  await page.locator('#option-admin-user').fill('alice');
  await page.locator('#option-db-password').fill('correct-horse-battery');
  await page.getByText('Users will be').waitFor();
  const hash = await page.evaluate(() => location.hash);
  assert.match(hash, 'admin-user=alice');
  assert.not.match(hash, 'correct');
  await page.close();
  const again = await opened(`${hash}&gone=1`);
  assert.is(await again.locator('#option-admin-user').inputValue(), 'alice');
  assert.is(await again.locator('#option-db-password').inputValue(), '');
  await again.getByText('options that do not exist here: gone').waitFor();
  await again.close();
});

test('options are saved as a --config file and loaded from one', async () => {
  const page = await opened(
    '#domain=matrix.example.org&tls=staging&ssh-key=ssh-ed25519+AAAAC3NzaC1lZDI1NTE5AAAAIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII',
  );
  await page.getByRole('heading', { name: 'The document' }).waitFor();
  const { file, bytes } = await downloaded(page, /^Save options$/);
  assert.is(file, 'gen-cloudinit.yaml');
  const config = join(folder, file);
  writeFileSync(config, bytes);
  const { bytes: made } = await downloaded(page, /^Download user-data/);
  assert.ok(command('--config', config, '--quiet').stdout.equals(made));
  await page.getByRole('button', { name: 'Start over' }).click();
  assert.is(await page.locator('#option-domain').inputValue(), '');
  await page.getByLabel('Load options (a --config file)').setInputFiles(config);
  await page.getByText('The options were loaded.').waitFor();
  assert.is(await page.locator('#option-tls').inputValue(), 'staging');
  writeFileSync(config, 'domain: [a\n');
  await page.getByLabel('Load options (a --config file)').setInputFiles(config);
  await page.getByText('The file was not loaded').waitFor();
  assert.is(await page.locator('#option-tls').inputValue(), 'staging');
  await page.close();
});

const FAULTY = '#cloud-config\nwrite_files:\n  - path: /a\n    owner: "991:991"\n    content: x\n';

test('a faulty document: the finding, its explanation, and a jump to its line', async () => {
  const page = await opened();
  await page.getByRole('tab', { name: 'Check a document' }).click();
  await page.getByLabel('Document', { exact: true }).fill(FAULTY);
  await page.getByText('owner: "991:991"').first().waitFor();
  await page.getByText('Explain owner-numeric').click();
  await page.getByText('Why it matters: ').first().waitFor();
  await page.getByRole('button', { name: 'line 4, column 12' }).click();
  assert.ok(await page.locator('#checked-4.marked').isVisible());
  await page.close();
});

test('a gzipped document from a file, and what it puts on the server', async () => {
  const page = await opened();
  const file = join(folder, 'user-data.gz');
  writeFileSync(file, command('--domain', 'matrix.example.org', '--format', 'gzip', '--quiet').stdout);
  await page.getByRole('tab', { name: 'Check a document' }).click();
  await page.getByLabel('Or choose a file').setInputFiles(file);
  await page.getByText(/^0 errors/).waitFor();
  await page.getByRole('tab', { name: 'Read a document' }).click();
  await page.locator('#read-which').selectOption('checked');
  await page.getByText('/usr/local/sbin/matrixctl').first().click();
  await page.getByText('#!/bin/bash').first().waitFor();
  assert.ok((await page.getByText(/matrixctl boot prepare/).count()) > 0);
  await page.close();
});

test('keys alone: tabs with arrows, every control reachable', async () => {
  const page = await opened();
  await page.getByRole('tab', { name: 'Make a document' }).focus();
  await page.keyboard.press('ArrowRight');
  assert.is(await page.evaluate(() => document.activeElement?.id), 'tab-check');
  await page.keyboard.press('Tab');
  assert.is(await page.evaluate(() => document.activeElement?.id), 'check-text');
  await page.keyboard.type('packages: [git]');
  await page.getByRole('heading', { name: 'Findings' }).waitFor();
  await page.close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe-core finds nothing, ${colorScheme}`, async () => {
    const page = await opened(
      '#domain=matrix.example.org&server-name=example.org&provider=ec2&backup-keep=x',
    );
    await page.emulateMedia({ colorScheme });
    assert.equal(await axe(page), []);
    await page.locator('#option-backup-keep').fill('');
    await page.getByRole('region', { name: 'Sizes per provider' }).waitFor();
    for (const group of await page.locator('details.group').all())
      await group.evaluate((details) => details.setAttribute('open', ''));
    assert.equal(await axe(page), []);
    await page.getByRole('tab', { name: 'Check a document' }).click();
    await page.getByLabel('Document', { exact: true }).fill(FAULTY);
    await page.getByText('Explain owner-numeric').waitFor();
    assert.equal(await axe(page), []);
    await page.getByRole('tab', { name: 'Read a document' }).click();
    assert.equal(await axe(page), []);
    await page.close();
  });
}

test('a narrow phone needs no sideways scrolling; print has the report and no form', async () => {
  const page = await opened('#domain=matrix.example.org&provider=ec2');
  await page.setViewportSize({ width: 320, height: 640 });
  await page.getByRole('region', { name: 'Sizes per provider' }).waitFor();
  for (const tab of ['Make', 'Check', 'Read']) {
    await page.getByRole('tab', { name: new RegExp(tab) }).click();
    const { content, window } = await page.evaluate(() => ({
      content: document.documentElement.scrollWidth,
      window: document.documentElement.clientWidth,
    }));
    assert.ok(content <= window, `${tab}: ${content} of ${window}`);
  }
  await page.getByRole('tab', { name: /Make/ }).click();
  await page.emulateMedia({ media: 'print' });
  assert.not.ok(await page.locator('#option-domain').isVisible());
  assert.ok(await page.getByText('What to do').isVisible());
  await page.close();
});

test('no request was made but for the file itself, and the console is silent', () => {
  assert.ok(requests.length > 0);
  // A download is a request for a blob that the page itself has made.
  const others = requests.filter((url) => !url.startsWith(URL_OF_PAGE) && !url.startsWith('blob:'));
  assert.equal(others, []);
  assert.equal(messages, []);
});

test.run();
