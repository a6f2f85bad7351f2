import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { BASE, type Sandbox } from '../support/sandbox';

/** Accounts: the server generates passwords, and no command line contains one. */
const test = suiteOf('users');

const PSQL = 'exec -i matrix-db-1 psql -XqAtU synapse -v ON_ERROR_STOP=1';
const EXISTS = `${PSQL} -v user=@alice:example.org`;
const CHANGE = `${PSQL} -v user=@alice:example.org -v hash=*`;
const REGISTER = 'exec -i matrix-synapse-1 register_new_matrix_user *';
const HASH_PASSWORD = 'exec -i matrix-synapse-1 hash_password -c /data/homeserver.yaml';
const HASH = `$2b$12$${'x'.repeat(53)}`;
const MATRIX = `docker compose -f ${BASE}/docker-compose.yml`;

/** Whether the database knows alice. */
function alice(server: Sandbox, known: boolean): void {
  server.answer('docker', {
    [EXISTS]: `cat >"$ROOT/asked"; ${known ? 'echo 1' : ':'}`,
    [CHANGE]: 'printf "%s\\n" "$*" >"$ROOT/change"; cat >>"$ROOT/change"',
    [REGISTER]: 'printf "%s\\n" "$*" >"$ROOT/registered"; cat >"$ROOT/given"',
    [HASH_PASSWORD]: `cat >"$ROOT/given"; echo 'Password: '; echo '${HASH}'`,
    'compose -f */docker-compose.yml restart synapse': ':',
    'compose -f */docker-compose.yml up -d --wait --wait-timeout 60 synapse': ':',
  });
}
const SECRET = /^[\w-]{43}\n$/;

for (const [words, kind] of [
  ['user alice', '--no-admin'],
  ['user alice --admin', '--admin'],
] as const)
  test(`matrixctl ${words} makes a user with a password of its own`, (server) => {
    alice(server, false);
    const { code, stdout, calls, journal } = server.command(words);
    assert.is(code, 0);
    assert.is(stdout, 'gen-cloudinit: @alice:example.org, password in /root/matrix-password-alice\n');
    assert.is(server.read('/asked'), "SELECT 1 FROM users WHERE name = :'user'\n");
    const secret = server.read('/root/matrix-password-alice') ?? '';
    assert.match(secret, SECRET);
    assert.is(server.read('/given'), secret, 'on standard input');
    assert.not.match(calls.join('\n'), secret.trim());
    assert.match(server.read('/registered') ?? '', `-u alice ${kind} --password-file /dev/stdin `);
    assert.is(server.call('stat -c %a $ROOT/root/matrix-password-alice').stdout, '600\n');
    assert.equal(journal, [`user alice ${kind}: done`]);
  });

test('a registration that failed is repeated with the same password', (server) => {
  alice(server, false);
  server.answer('docker', { [REGISTER]: 'exit 1' });
  const { code, journal } = server.command('user alice');
  assert.equal([code, journal], [1, ['user alice --no-admin: failed: exit code 1']]);
  const secret = server.read('/root/matrix-password-alice');
  alice(server, false);
  assert.is(server.command('user alice').code, 0);
  assert.is(server.read('/given'), secret);
});

test('an existing user is an error for a person, and stays in a first boot', (server) => {
  alice(server, true);
  const { code, stderr } = server.command('user alice');
  assert.is(code, 1);
  assert.match(stderr, /failed: @alice is there already; matrixctl password alice sets a new password\n$/);
  assert.not(server.has('/registered'));
  const boot = server.call('BOOT=1\ncreate_user alice --admin $ROOT/root/matrix-admin-password');
  assert.equal([boot.code, boot.stdout], [0, ''], 'without the file there is no password to tell');
  server.put('/root/matrix-admin-password', 'secret\n', 0o600);
  const again = server.call('BOOT=1\ncreate_user alice --admin $ROOT/root/matrix-admin-password');
  assert.is(again.stdout, 'gen-cloudinit: @alice:example.org, password in /root/matrix-admin-password\n');
  assert.not(server.has('/registered'));
});

for (const name of ['', 'Alice', '-x', '.a', 'a/b', "a'b", 'a b', 'ä', 'a'.repeat(65)])
  test(`'${name}' is not the name of a user`, (server) => {
    alice(server, true);
    for (const word of ['user', 'password']) {
      const { code, stderr, calls, journal } = server.command(`${word} "${name}"`);
      assert.equal([code, calls, journal], [1, [], []]);
      assert.match(stderr, "failed: a user name has a-z, 0-9 and . _ = - alone: '");
    }
  });

for (const [words, message] of [
  ['user alice --root', 'unexpected argument --root'],
  ['user alice --admin /root/x', 'unexpected argument /root/x; matrixctl help'],
  ['password alice secret', 'unexpected argument secret; matrixctl help'],
  ['token alice', 'unexpected argument alice; matrixctl help'],
] as const)
  test(`matrixctl ${words} is refused, and the journal does not mention it`, (server) => {
    const { code, stderr, calls, journal } = server.command(words);
    assert.equal([code, stderr], [1, `gen-cloudinit: failed: ${message}\n`]);
    assert.equal([calls, journal], [[], []]);
  });

test('a new password: its hash goes into the database, and Synapse restarts', (server) => {
  alice(server, true);
  server.put('/root/matrix-password-alice', 'former\n', 0o600);
  const { code, stdout, calls, journal } = server.command('password alice');
  assert.is(code, 0);
  assert.is(stdout, 'gen-cloudinit: @alice:example.org, new password in /root/matrix-password-alice\n');
  const secret = server.read('/root/matrix-password-alice') ?? '';
  assert.match(secret, SECRET);
  assert.is(server.read('/given'), secret + secret, 'typed twice');
  const change = server.read('/change') ?? '';
  assert.match(change, `hash=${HASH}\n`);
  assert.match(change, "UPDATE users SET password_hash = :'hash' WHERE name = :'user'\n");
  assert.not.match(calls.join('\n'), secret.trim());
  assert.equal(calls.slice(-2), [
    `${MATRIX} restart synapse`,
    `${MATRIX} up -d --wait --wait-timeout 60 synapse`,
  ]);
  assert.equal(journal, ['password alice: done']);
});

for (const [what, answer] of [
  ['does not answer', 'exit 1'],
  ['answers something else', 'echo "$2b$12$short"'],
] as const)
  test(`no new password when Synapse ${what}: the previous one stays`, (server) => {
    alice(server, true);
    server.put('/root/matrix-password-alice', 'former\n', 0o600);
    server.answer('docker', { [HASH_PASSWORD]: answer });
    const { code, stderr } = server.command('password alice');
    assert.is(code, 1);
    assert.match(stderr, /failed: Synapse does not answer: matrixctl up\n$/);
    assert.is(server.read('/root/matrix-password-alice'), 'former\n');
    assert.not(server.has('/change'));
  });

test('a password for an unknown user is refused', (server) => {
  alice(server, false);
  const { code, stderr, journal } = server.command('password alice');
  assert.equal([code, journal], [1, []]);
  assert.match(stderr, /failed: there is no @alice:example\.org; matrixctl user alice makes it\n$/);
});

test('a token is made by the database, and is the only word on standard output', (server) => {
  server.answer('docker', {
    [`${PSQL} -c INSERT INTO registration_tokens *`]: 'echo 0123abcd',
  });
  const { code, stdout, stderr, journal } = server.command('token');
  assert.equal([code, stdout, journal], [0, '0123abcd\n', ['token: done']]);
  assert.match(stderr, /open https:\/\/matrix\.example\.org\/#\/register in a browser/);
});

test.run();
