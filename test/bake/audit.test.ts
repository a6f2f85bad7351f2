import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { audit, summarize } from '../../src/bake/audit';
import { directoryTree, expand, filesBelow } from '../../src/bake/image-files';

const test = suite('audit of an image');

const good = {
  '/usr/bin/docker': 'program',
  '/etc/docker/daemon.json': '{}\n',
  '/var/lib/gen-cloudinit/image.json': '{}\n',
  '/etc/hostname': 'localhost\n',
  '/etc/machine-id': '',
  '/etc/shadow': 'root:*:20000:0:99999:7:::\nsshd:!*:20000::::::\n',
  '/etc/ssh/moduli': '# primes\n',
  '/var/lib/docker/volumes/metadata.db': 'db',
};

let root: string;
test.before.each(() => {
  root = mkdtempSync(join(tmpdir(), 'gen-cloudinit-audit-'));
  for (const [path, content] of Object.entries(good)) put(path, content);
});
test.after.each(() => rmSync(root, { recursive: true }));

function put(path: string, content: string): void {
  mkdirSync(dirname(root + path), { recursive: true });
  writeFileSync(root + path, content);
}
const found = async () =>
  summarize(await audit(directoryTree(root), [{ what: 'the domain', text: 'matrix.example.org' }]));

test('a good image has no finding', async () => {
  assert.is(await found(), '');
});

const spoils: readonly (readonly [string, string, string])[] = [
  ['/etc/ssh/ssh_host_ed25519_key.pub', 'ssh-ed25519 AAAA', 'an SSH host key'],
  ['/home/ubuntu/.ssh/authorized_keys', 'ssh-ed25519 AAAA', 'a key that may log in'],
  ['/var/lib/cloud/instances/i-1/user-data.txt', '#cloud-config\n', 'user data or a state of cloud-init'],
  ['/var/lib/docker/engine-id', 'c0ffee', 'the id of Docker or containerd'],
  ['/var/lib/docker/volumes/matrix_postgres-data/_data/PG_VERSION', '15', 'a container or a volume'],
  ['/etc/machine-id', '0123456789abcdef0123456789abcdef\n', 'a machine-id'],
  ['/etc/hostname', 'maker\n', 'a host name'],
  ['/etc/shadow', 'root:$y$j9T$abc:20000::::::\n', 'a password'],
  ['/opt/left/key.pem', 'x\n-----BEGIN RSA PRIVATE KEY-----\n', 'a private key'],
  ['/var/tmp/notes', 'to be matrix.example.org', 'the domain'],
  ['/srv/copy.yaml', '#cloud-config\n# gen-cloudinit bake 0.1.0: ...\n', 'user data'],
  ['/data/matrix/files/homeserver.yaml', 'a: b', 'a deployment'],
  ['/root/.bash_history', 'ls', 'the history of a shell'],
];

for (const [path, content, what] of spoils) {
  test(`${path} is found: ${what}`, async () => {
    put(path, content);
    assert.match(
      await found(),
      `${what} (${path.startsWith('/data/') ? '/data/matrix' : path.replace(/\/(?:user-data\.txt|PG_VERSION)$/, '')})`,
    );
  });
}

test('an empty disk is not an image', async () => {
  rmSync(root, { recursive: true });
  mkdirSync(root);
  assert.match(await found(), 'missing from the image (/usr/bin/docker)');
});

test('links are not followed, also not out of the tree', async () => {
  symlinkSync('/', join(root, 'srv'));
  symlinkSync('/etc/passwd', join(root, 'etc/passwd'));
  assert.is(await found(), '');
  const paths = [];
  for await (const { path } of filesBelow(directoryTree(root), '/', ['/etc'])) paths.push(path);
  assert.equal(paths.sort(), [
    '/usr/bin/docker',
    '/var/lib/docker/volumes/metadata.db',
    '/var/lib/gen-cloudinit/image.json',
  ]);
});

test('a star matches the same paths as in a shell', async () => {
  put('/root/.zsh_history', '');
  put('/root/.x/.bash_history', '');
  assert.equal(await expand(directoryTree(root), '/root/*'), []);
  assert.equal(await expand(directoryTree(root), '/root/.*_history'), ['/root/.zsh_history']);
});

test('many findings are cut short', () => {
  const many = Array.from({ length: 10 }, (_, index) => ({ what: 'a log', path: `/var/log/${index}` }));
  assert.match(summarize(many, 2), /^a log \(\/var\/log\/0\); a log \(\/var\/log\/1\); 8 more$/);
});

test.run();
