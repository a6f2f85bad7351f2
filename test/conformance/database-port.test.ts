import { existsSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { readExpectations } from '../../src/verify/expectations';
import { judgePorts } from '../../src/verify/outside/closed';
import { documentOf } from './support/documents';
import { Stage } from './support/stage';
import { suiteWith } from './support/tools';

/** Real PostgreSQL on the database's port, behind a forwarder that accepts every connection, as QEMU does. */
const test = suiteWith("verify: the database's port", ['root:bookworm']);

test('PostgreSQL makes it open; without it the same forwarder is closed', async () => {
  const subject = readExpectations(Buffer.from(documentOf('default').text));
  if ('problem' in subject) throw new Error(subject.problem);
  const stage = await Stage.open('bookworm');
  const program = (name: string, ...args: string[]) => [
    ...['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'],
    ...[`/usr/lib/postgresql/15/bin/${name}`, '-D', '/var/lib/postgresql/verify', ...args],
  ];
  // The stage has a network of its own, so only a socket in the file system can be reached from here.
  const socket = stage.path('bookworm', '/run/.s.PGSQL.5432');
  const forwarder = createServer((here) => {
    const there = connect(socket);
    const end = () => [here, there].map((each) => each.destroy());
    for (const each of [here, there]) each.on('error', end).on('close', end);
    here.pipe(there).pipe(here);
  });
  await new Promise<void>((listening) => forwarder.listen(0, '127.0.0.1', () => listening()));
  const { port } = forwarder.address() as AddressInfo;
  const look = async () => {
    // Nothing listens on port 1.
    const points = await judgePorts((of) => ({ host: '127.0.0.1', port: of === 5432 ? port : 1 }), subject);
    return points.map(({ status, seen }) => `${status}: ${seen}`).join('\n');
  };
  try {
    stage.must('bookworm', ['chown', 'postgres:', '/run']);
    stage.must('bookworm', program('initdb', '--no-sync', '-A', 'trust'));
    assert.match(await look(), /^ok: refused\nok: refused\nok: (?:closed at once|ECONNRESET)$/);
    const settings = ['listen_addresses=', 'unix_socket_directories=/run', 'fsync=off'];
    const server = stage.start('bookworm', program('postgres', ...settings.flatMap((each) => ['-c', each])));
    for (let tries = 0; tries < 150 && !existsSync(socket); tries++) await sleep(100);
    assert.ok(existsSync(socket), server.log());
    assert.is(await look(), 'ok: refused\nok: refused\nfailed: open, and it answers');
  } finally {
    forwarder.close();
    await stage.close();
  }
});

test.run();
