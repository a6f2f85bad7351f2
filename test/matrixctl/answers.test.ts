import * as assert from 'uvu/assert';
import { suiteWith } from '../conformance/support/tools';
import { BASE, openWorlds, psql as psqlIn } from './support/server';
import type { World } from './support/world';

/** Root treats every answer of a compromised Synapse, from its database or its directory, as data. */
const test = suiteWith('answers', ['root:bookworm', 'root:sid', 'python3-yaml']);

let world: World;
test.before(async () => {
  [world] = (await openWorlds(1)) as [World];
});
test.after(() => world?.close());

/** A test that starts with a server that has users, rooms and media. */
const onServer = (name: string, body: () => Promise<void>) =>
  test(name, async () => {
    await world.order('fresh', { snapshot: 'lived' });
    await body();
  });

/** Runs some lines with the functions of the server's script. */
const called = (lines: string) =>
  world.run(['/bin/bash', '-c', `set -- help; . /usr/local/sbin/matrixctl >/dev/null\n${lines}`], {
    limit: 60,
  });

const psql = (database: string, sql: string) => psqlIn(world, database, sql);

const OWNED = '/root/work/owned';
const TEXT = `BASH_VERSINFO[$(touch ${OWNED}; echo 0)]`;
/** Makes the query for the database's size return a text: Synapse owns the database and can redefine functions in it. */
const SHADOWS = `
  CREATE FUNCTION public.pg_database_size(text) RETURNS text LANGUAGE sql AS $$ SELECT '${TEXT}'::text $$;
  CREATE FUNCTION public.keep(text, int) RETURNS text LANGUAGE sql AS $$ SELECT $1 $$;
  CREATE OPERATOR public./ (LEFTARG = text, RIGHTARG = int, FUNCTION = public.keep);
  ALTER DATABASE synapse SET search_path = public, pg_catalog;
  CREATE FUNCTION public.pg_database_size(name) RETURNS text LANGUAGE sql AS $$ SELECT '${TEXT}'::text $$`;

for (const words of [['backup'], ['update']]) {
  onServer(`${words}: the size from the database is a number, or refused`, async () => {
    await world.order('sql', { sql: SHADOWS });
    const before = await world.facts();
    const { late } = await world.matrixctl(words);
    assert.not(late);
    assert.is((await world.run(['/usr/bin/test', '-e', OWNED])).code, 1, 'a command of the database has run');
    assert.equal((await world.facts()).running, before.running);
  });
}

onServer('an update without an answer of the database changes nothing', async () => {
  await psql('postgres', 'ALTER DATABASE synapse RENAME TO away');
  const { code, stderr } = await world.matrixctl(['update']);
  assert.is(code, 1);
  assert.match(stderr, /failed: the database does not answer/);
  assert.not.match(stderr, /docker compose .* (?:pull|stop)/);
});

onServer('modules that Synapse puts into its directory are not run', async () => {
  const planted = ['hashlib', 'os', 'stat', 'tarfile', 'sitecustomize', 'usercustomize'];
  for (const name of planted)
    await world.order('write', {
      path: `${BASE}/files/${name}.py`,
      content: `open('/tmp/ran-${name}', 'w').close()\n`,
      uid: 991,
    });
  const { code, stdout, stderr } = await world.matrixctl(['backup', '/root/work/now.tar.gz']);
  assert.is(code, 0, stdout + stderr);
  assert.is((await world.run(['/bin/sh', '-c', 'ls /tmp/ran-* 2>/dev/null'])).stdout, '');
});

onServer("commands in Synapse's directory are of another session than root's terminal", async () => {
  const { stdout } = await called('as_synapse sh -c "ps -o sid= -p \\$\\$"; ps -o sid= -p $$');
  const [synapses, roots] = stdout.trim().split(/\s+/);
  assert.ok(synapses && roots);
  assert.is.not(synapses, roots);
});

onServer('control characters of the database do not reach the terminal', async () => {
  await world.order('sql', {
    sql: `ALTER DATABASE synapse SET search_path = public, pg_catalog;
      CREATE FUNCTION public.pg_encoding_to_char(int) RETURNS text LANGUAGE sql AS $$ SELECT E'\\x1b]0;owned\\x07\\x1b[2J' $$`,
  });
  const { stdout } = await world.matrixctl(['doctor']);
  assert.match(stdout, /^failed: database /m);
  assert.is(stdout.replace(/[ -~\n]/g, ''), '');
});

onServer('an endless answer fills no memory', async () => {
  const endless = 'ulimit -v 400000; timeout() { :; }; resolve_domain() { echo 192.0.2.7; }; curl() { yes; }';
  const { stdout, stderr } = await called(`${endless}; get / | wc -c || :; check_dns; certificate_lifetime`);
  assert.is(stdout, '100000\nA 192.0.2.7 is another server\n0 1\n', stderr);
});

test.run();
