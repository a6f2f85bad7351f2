import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { documentOf } from './support/documents';
import { Homeserver } from './support/homeserver';
import { entryAt, tree } from './support/landing';
import { SYNAPSE } from './support/overview';
import { suiteWith } from './support/tools';

/** Real Synapse on real PostgreSQL, with the generated configuration and the secrets that the server made. */
const test = suiteWith('Synapse', ['root:bookworm', 'root:sid']);

let server: Homeserver;
test.before(async () => {
  server = await Homeserver.prepare(documentOf('server-name'));
});
test.after(() => server?.close());

/** Where the document writes Synapse's configuration, for matrixctl to install. */
const HOMESERVER = '/var/lib/gen-cloudinit/homeserver.yaml';
const CHECK = ['python3', '-m', 'synapse.config', '-c', '/data/homeserver.yaml'];

test('Synapse reads the configuration, and finds no secret in it', () => {
  const { stage, document } = server;
  const data = `${document.baseDir}/files`;
  const key = readFileSync(stage.path('sid', `${data}/${document.serverName}.signing.key`));
  for (const name of ['default', 'db-password', 'unusual']) {
    const other = documentOf(name);
    stage.write('sid', `${data}/other.yaml`, other.file(HOMESERVER), 0o644, 991);
    stage.write('sid', `${data}/${other.serverName}.signing.key`, key, 0o600, 991);
    const check = [...CHECK.slice(0, -1), '/data/other.yaml', '--no-secrets-in-config'];
    const { code, stdout, stderr } = server.contained(check);
    assert.is(code, 0, `${name}: ${stdout}${stderr}`);
    assert.match(stdout, /^Config parses OK!/m, name);
  }
});

test('Synapse does refuse a secret in the configuration', () => {
  const { stage, document } = server;
  const text = document.file(HOMESERVER);
  const inline = text.replace(/^form_secret_path:.*$/m, 'form_secret: a-secret');
  assert.is.not(inline, text);
  stage.write('sid', `${document.baseDir}/files/inline.yaml`, inline, 0o644, 991);
  const check = [...CHECK.slice(0, -1), '/data/inline.yaml'];
  const { code, stderr } = server.contained([...check, '--no-secrets-in-config']);
  assert.is(code, 1);
  assert.match(stderr, /form_secret/);
  stage.must('sid', ['rm', `${document.baseDir}/files/inline.yaml`]);
});

test('the database is UTF-8 with locale C', () => {
  assert.is(server.query('show server_encoding'), 'UTF8');
  assert.is(
    server.query('select datcollate, datctype from pg_database where datname = current_database()'),
    'C|C',
  );
});

test('Synapse starts and becomes healthy, without a warning of its own', async () => {
  const before = tree(server.stage, 'sid', `${server.document.baseDir}/files`);
  await server.start();
  assert.is(server.health(), '200');
  // Synapse logs its greeting as a warning, and prints messages before it has a log; neither is a complaint.
  const fine = /^(?:\S+ \S+ - synapse\.config\.logger - |\S+ \S+ - .* - INFO - |$)/;
  const warnings = server
    .log()
    .split('\n')
    .filter((line) => !fine.test(line));
  assert.equal(warnings, []);
  const after = tree(server.stage, 'sid', `${server.document.baseDir}/files`);
  for (const [path, entry] of before) assert.is(after.get(path), entry, `${path} is as it was`);
});

test('the signing key that it publishes is the one that the server made', () => {
  const { stage, document } = server;
  const path = stage.path('sid', `${document.baseDir}/files/${document.serverName}.signing.key`);
  const [algorithm, version, seed = ''] = readFileSync(path, 'utf8').trim().split(' ');
  // An Ed25519 private key in PKCS #8 is this prefix and the 32 bytes of the seed (RFC 8410).
  const der = Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.from(seed, 'base64'),
  ]);
  const jwk = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({
    format: 'jwk',
  });
  const expected = Buffer.from(jwk.x ?? '', 'base64url')
    .toString('base64')
    .replace(/=+$/, '');

  const { status, data } = server.call('GET', '/_matrix/key/v2/server');
  assert.is(status, 200);
  assert.is(data.server_name, 'example.org');
  assert.equal(data.verify_keys, { [`${algorithm}:${version}`]: { key: expected } });
});

test('registration from outside needs a token, which works once', () => {
  const ask = (username: string, auth?: object) =>
    server.call('POST', '/_matrix/client/v3/register', { username, password: 'a long password', auth });
  const first = ask('mallory');
  assert.is(first.status, 401, JSON.stringify(first.data));
  const flows = first.data.flows as { stages: string[] }[];
  for (const { stages } of flows) assert.ok(stages.includes('m.login.registration_token'), stages.join());
  const { session } = first.data;
  assert.is(ask('mallory', { type: 'm.login.dummy', session }).status, 401);
  const withToken = (username: string, token: string) => {
    const { session } = ask(username).data;
    const checked = ask(username, { type: 'm.login.registration_token', token, session });
    return checked.status === 401 && !checked.data.errcode
      ? ask(username, { type: 'm.login.dummy', session }).status
      : checked.status;
  };
  assert.is(withToken('mallory', 'guessed'), 401);
  // The statement that the server's script sends.
  const sql =
    /INSERT INTO registration_tokens [^"]*/.exec(readFileSync('templates/matrixctl/users.sh', 'utf8'))?.[0] ??
    '';
  const [token = ''] = server.query(sql).split('\n');
  assert.match(token, /^[0-9a-f]{64}$/);
  assert.not.match(server.query(sql), token);
  assert.is(withToken('bob', token), 200);
  assert.is(withToken('mallory', token), 401, 'a token is for one account');
});

test('an administrator is created with the shared secret, also repeatedly, and can log in', () => {
  const { code, stdout, stderr } = register('alice', 'correct horse battery staple');
  assert.is(code, 0, stdout + stderr);
  assert.is(register('alice', 'another password').code, 0, 'a second time is not an error');

  const user = { type: 'm.id.user', user: 'alice' };
  const login = (password: string) =>
    server.call('POST', '/_matrix/client/v3/login', { type: 'm.login.password', identifier: user, password });
  assert.is(login('wrong').status, 403);
  const { status, data } = login('correct horse battery staple');
  assert.is(status, 200, JSON.stringify(data));
  const token = String(data.access_token);
  const who = server.call('GET', '/_matrix/client/v3/account/whoami', undefined, token);
  assert.is(who.data.user_id, '@alice:example.org');
  assert.is(
    server.call('GET', '/_synapse/admin/v1/users/@alice:example.org/admin', undefined, token).data.admin,
    true,
  );
  assert.is(server.query("select admin from users where name = '@alice:example.org'"), '1');
});

/** As the server's script calls it in the container, where the command has its upstream name. */
function register(name: string, password: string) {
  const options = ['-c', '/data/homeserver.yaml', '-u', name, '-a', '--exists-ok'];
  const source = ['--password-file', '/dev/stdin', 'http://127.0.0.1:8008'];
  // Through a pipe, as Docker passes input: Node would give a socket, which cannot be opened by name.
  const pipe = ['/bin/sh', '-c', 'cat | "$@"', 'sh'];
  return server.contained([...pipe, 'synapse_register_new_matrix_user', ...options, ...source], password);
}

test('media land in Synapse’s directory, owned by Synapse', () => {
  const media = `${server.document.baseDir}/files/media_store`;
  assert.equal(entryAt(server.stage, 'sid', media), { kind: 'directory', owner: SYNAPSE, mode: '0755' });
  const login = server.call('POST', '/_matrix/client/v3/login', {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: 'alice' },
    password: 'correct horse battery staple',
  });
  const upload = server.call(
    'POST',
    '/_matrix/media/v3/upload?filename=a.json',
    { a: 1 },
    String(login.data.access_token),
  );
  assert.match(String(upload.data.content_uri), /^mxc:\/\/example\.org\//);
  const stored = [...tree(server.stage, 'sid', media)].filter(([, entry]) => entry.startsWith('file'));
  assert.is(stored.length, 1);
  assert.match(stored[0]?.[1] ?? '', new RegExp(`^file ${SYNAPSE} `));
});

test('Synapse buffers a large upload on the disk instead of in /tmp, which is memory, before it checks the token', () => {
  const request =
    'POST /_matrix/media/v3/upload HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 200000\\r\\n\\r\\n';
  const script = `exec 3<>/dev/tcp/127.0.0.1/8008
printf '${request}%100000s' '' >&3
for i in $(seq 100); do
  find /proc/[0-9]*/fd -lname '*(deleted)' -printf '%l\\n' 2>/dev/null | grep -m 1 '#' && exit
  sleep 0.1
done`;
  assert.match(server.stage.must('sid', ['bash', '-c', script]), /\/data\/#\d+ \(deleted\)$/m);
});

test('the client well-known names the public address', () => {
  const { data } = server.call('GET', '/.well-known/matrix/client');
  assert.equal(data, { 'm.homeserver': { base_url: 'https://matrix.example.org/' } });
});

test.run();
