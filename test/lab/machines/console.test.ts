import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConsoleLog } from './console';

const test = suite('lab console');

test('lines come whole, without terminal controls, with their seconds, in memory and in the file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'console-'));
  const log = new ConsoleLog(join(folder, 'sub', 'console.log'));
  log.feed('[  OK  ] Started \u001b[0;1;39mssh');
  log.mark('power cut');
  log.feed(Buffer.from('.service\u001b[0m\r\nlogin: \n'));
  const lines = log.text().split('\n');
  assert.match(lines[0] as string, /^\[ {4}0\.\d{3}\] === power cut ===$/);
  assert.match(lines[1] as string, /^\[ {4}0\.\d{3}\] \[ {2}OK {2}\] Started ssh\.service$/);
  assert.match(lines[2] as string, /^\[ {4}0\.\d{3}\] login: $/);
  assert.is(await readFile(log.file, 'utf8'), log.text());
  assert.equal(
    log.timeline().map(({ event }) => event),
    ['power cut'],
  );
  await rm(folder, { recursive: true });
});

test('a search can start at a moment', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'console-'));
  const log = new ConsoleLog(join(folder, 'console.log'));
  log.feed('login: first\n');
  await new Promise((resolve) => setTimeout(resolve, 5));
  const moment = log.now;
  assert.is(log.find(/^login/)?.text, 'login: first');
  assert.is(log.find(/^login/, moment), undefined);
  log.feed('login: second\n');
  assert.is(log.find(/^login/, moment)?.text, 'login: second');
  assert.equal(
    log.events(/login: f.*/).map(({ event }) => event),
    ['login: first'],
  );
  await rm(folder, { recursive: true });
});

test.run();
