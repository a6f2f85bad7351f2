import { mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { BASE, LIB, type Sandbox } from '../support/sandbox';

/** Files in Synapse's directory: written atomically, secrets only once, never through a link. */
const test = suiteOf('synapse-files');

const FILES = `${BASE}/files`;
const KEY = `${FILES}/example.org.signing.key`;
const NEW = `${LIB}/homeserver.yaml`;
const WRITTEN = `${LIB}/homeserver.yaml.written`;

test('a command runs in the directory, with no right of root and without the lock', (server) => {
  const { stdout, calls } = server.call(
    'open_lock\nas_synapse pwd; as_synapse sh -c "ls -l /proc/self/fd" | grep -c matrix.lock || :',
  );
  assert.is(stdout, `${FILES}\n0\n`);
  assert.equal(calls, []);
  const words = server.read('/calls')?.split('\n')[0];
  assert.is(
    words,
    'setpriv --reuid=991 --regid=991 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all -- pwd',
  );
});

test('another directory while a restore prepares it', (server) => {
  server.directory(`${BASE}/restored/files`);
  assert.is(server.call('TREE=$BASE_DIR/restored/files as_synapse pwd').stdout, `${BASE}/restored/files\n`);
  assert.is.not(server.call('TREE=/nowhere as_synapse pwd').code, 0);
});

test('of a file no more than a megabyte is read', (server) => {
  server.put(`${FILES}/one`, 'content\n');
  assert.is(server.call('synapse_read one').stdout, 'content\n');
  server.put(`${FILES}/-n`, 'x'.repeat(1_000_001));
  assert.is(server.call('synapse_read -n | wc -c').stdout, '1000000\n');
});

for (const [what, make] of [
  ['nothing', () => {}],
  ['a file', (server: Sandbox) => server.put(`${FILES}/file`, 'previous\n', 0o644)],
  ['a link', (server: Sandbox) => symlinkSync('elsewhere', server.at(`${FILES}/file`))],
  ['a directory', (server: Sandbox) => server.put(`${FILES}/file/x`, '')],
] as const)
  test(`a file is written whole in the place of ${what}`, (server) => {
    server.put(`${FILES}/elsewhere`, 'of another\n');
    make(server);
    const { code, stdout } = server.call('synapse_write file 600 <<<new && stat -c "%F %a" "$DATA/file"');
    assert.equal([code, stdout], [0, 'regular file 600\n']);
    assert.is(server.read(`${FILES}/file`), 'new\n');
    assert.is(server.read(`${FILES}/elsewhere`), 'of another\n');
    assert.equal(server.list(FILES), ['elsewhere', 'file']);
  });

test('a full disk leaves the previous file', (server) => {
  server.put(`${FILES}/file`, 'previous\n');
  server.answer('sync', { '.matrixctl-*': 'exit 1' });
  assert.is.not(server.call('synapse_write file 600 <<<new').code, 0);
  assert.is(server.read(`${FILES}/file`), 'previous\n');
});

test('secrets are made once', (server) => {
  assert.is(server.call('write_secrets').code, 0);
  const names = ['example.org.signing.key', 'form_secret', 'macaroon_secret_key', 'pgpass'];
  assert.equal(server.list(FILES), [...names, 'registration_shared_secret']);
  assert.is(server.read(`${FILES}/pgpass`), 'db:5432:synapse:synapse:secret of the database\n');
  assert.match(server.read(KEY) ?? '', /^ed25519 a_\d+ [\w-]{43}\n$/);
  assert.match(server.read(`${FILES}/form_secret`) ?? '', /^[\w-]{43}\n$/);
  assert.is(server.call('stat -c %a "$DATA"/* | sort -u').stdout, '600\n');
  const before = server.list(FILES).map((name) => server.read(`${FILES}/${name}`));
  server.call('write_secrets');
  assert.equal(
    server.list(FILES).map((name) => server.read(`${FILES}/${name}`)),
    before,
  );
});

test('an empty secret is made again; a key behind a link stays, wherever the link leads', (server) => {
  server.put(`${FILES}/form_secret`, '');
  symlinkSync('/mnt/keys/nowhere', server.at(KEY));
  server.call('write_secrets');
  assert.match(server.read(`${FILES}/form_secret`) ?? '', /^[\w-]{43}\n$/);
  assert.is(readlinkSync(server.at(KEY)), '/mnt/keys/nowhere');
});

test('only a file with content that is not a link counts as present', (server) => {
  const has = (name: string) => server.call(`synapse_has ${name}`).code === 0;
  server.put(`${FILES}/one`, 'content\n');
  server.put(`${FILES}/empty`, '');
  symlinkSync('one', server.at(`${FILES}/link`));
  server.directory(`${FILES}/directory`);
  assert.equal(['one', 'empty', 'link', 'directory', 'none'].map(has), [true, false, false, false, false]);
});

test("the document's homeserver.yaml is installed, and a newer one replaces it", (server) => {
  for (const content of ['of the document\n', 'of a newer document\n']) {
    server.put(NEW, content);
    const { code, stdout } = server.call('install_homeserver');
    assert.equal([code, stdout], [0, '']);
    assert.is(server.read(`${FILES}/homeserver.yaml`), content);
    assert.is(server.read(WRITTEN), content);
  }
});

test('a homeserver.yaml changed on the server stays, with a message when the document has a different one', (server) => {
  server.put(NEW, 'of the document\n');
  server.call('install_homeserver');
  server.put(`${FILES}/homeserver.yaml`, "of the server's owner\n");
  assert.is(server.call('install_homeserver').stdout, '');
  server.put(NEW, 'of a newer document\n');
  assert.is(
    server.call('install_homeserver').stdout,
    `gen-cloudinit: homeserver.yaml was changed on this server and stays; the document's is ${NEW}\n`,
  );
  assert.is(server.read(`${FILES}/homeserver.yaml`), "of the server's owner\n");
});

test('without the file of the document the reason is reported', (server) => {
  const { code, stderr } = server.call('install_homeserver');
  assert.is(code, 1);
  assert.match(stderr, `${NEW} is missing: cloud-init did not write the document's files\n`);
});

/** On a server, directories belong to root and to Synapse; here they belong to the user who runs the test. */
function installs(server: Sandbox): void {
  server.put(NEW, 'of the document\n');
  server.answer('ip', { '*': 'exit 1' });
  server.answer('install', {
    '-d -m 755 -o 991 -g 991 */files': 'exec /usr/bin/install -d -m 755 "$8"',
    '-d -m 755 *': 'exec /usr/bin/install "$@"',
  });
}

for (const [what, settings, secret] of [
  ['made on the server', {}, /^[\w-]{43}\n$/],
  ['of the document', { DB_PASSWORD: "it's mine" }, /^it's mine\n$/],
] as const)
  test(`all files of the deployment; the password of the database is ${what}`, (server) => {
    installs(server);
    server.set(settings);
    server.call('rm -r "$BASE_DIR/db-password" "$DATA"');
    const { code, calls } = server.call(
      'install_files; stat -c %a "$BASE_DIR/db-password" "$DATA/../schemas"',
    );
    assert.is(code, 0);
    assert.ok(calls.some((call) => call.endsWith(` -d -m 755 -o 991 -g 991 ${FILES}`)));
    assert.match(server.read(`${BASE}/db-password`) ?? '', secret);
    assert.is(server.read(`${FILES}/homeserver.yaml`), 'of the document\n');
    assert.ok(server.has(KEY) && server.has(`${BASE}/.env`) && server.has('/usr/share/element-web'));
    assert.is(server.call('stat -c %a "$BASE_DIR/db-password"').stdout, '600\n');
  });

test('half-written files of killed commands are removed, and no others', (server) => {
  installs(server);
  for (const directory of [BASE, LIB]) server.put(`${directory}/.matrixctl-.env.123`, '');
  for (const name of ['.matrixctl-abcdefgh', '.matrixctl-mine']) server.put(`${FILES}/${name}`, '');
  mkdirSync(server.at(`${FILES}/.matrixctl-12345678`));
  assert.is(server.call('install_files').code, 0);
  for (const directory of [BASE, LIB]) assert.not(server.has(`${directory}/.matrixctl-.env.123`));
  assert.equal(
    server.list(FILES).filter((name) => name.startsWith('.')),
    ['.matrixctl-12345678', '.matrixctl-mine'],
  );
});

test.run();
