import { gunzipSync } from 'node:zlib';
import { load } from 'js-yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FORBIDDEN_PATHS } from '../../src/bake/forbidden-paths';
import { BAKE_MARK, type BakeConfig, bakeDocument } from '../../src/bake/image-document';
import { lint } from '../../src/cloudinit/lint/lint';
import type { Deployment } from '../../src/config/deployment';
import { resolve } from '../../src/config/resolve';

const document = suite('bake document');

const personal = {
  domain: 'matrix.private.example',
  'server-name': 'private.example',
  email: 'zaphod@private.example',
  'admin-user': 'zaphod',
  'db-password': 'correct-horse-battery',
  'ssh-key': ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBdWnPLFYkkTxJ7bYAbHvc0pHZyDJLYVWYpZbRRbBEL0 zaphod'],
  timezone: 'Europe/Berlin',
};

function deployment(asked: Record<string, unknown>): Deployment {
  const resolved = resolve(asked);
  if (!resolved.deployment) throw new Error(JSON.stringify(resolved.diagnostics));
  return resolved.deployment;
}

document('it contains nothing personal of a deployment: two deployments, one text', () => {
  const text = bakeDocument(deployment(personal));
  assert.is(text, bakeDocument(deployment({ domain: 'other.example.org' })));
  for (const word of ['private.example', 'zaphod', 'correct-horse', 'AAAAC3Nza', 'Berlin'])
    assert.not.match(text, word);
});

document('it fits into EC2 in plain text, with room for a boot hook', () => {
  const { length } = bakeDocument(deployment(personal));
  console.log(`\n  size of the bake document: ${length} of 16384 bytes`);
  assert.ok(length <= 16_384 - 1024, `${length} bytes`);
});

document('repository, mirror and images are those of the options', () => {
  const config = load(
    bakeDocument(
      deployment({
        ...personal,
        distro: 'debian',
        'registry-mirror': 'https://mirror.example.org',
        'docker-apt-url': 'https://apt.example.org/docker',
        'synapse-image': 'registry.example.org:5000/synapse:v1',
      }),
    ),
  ) as BakeConfig;
  assert.match(
    config.runcmd[1] ?? '',
    / install https:\/\/apt\.example\.org\/docker docker-ce docker-ce-cli containerd\.io /,
  );
  const daemon = config.write_files.find(({ path }) => path === '/etc/docker/daemon.json');
  assert.equal(JSON.parse(daemon?.content ?? ''), { 'registry-mirrors': ['https://mirror.example.org'] });
  assert.match(
    config.runcmd.find((line) => line.includes(' pull ')) ?? '',
    /pull \S+ postgres:15-alpine registry\.example\.org:5000\/synapse:v1 vectorim\/element-web:latest jonasal\/nginx-certbot:latest$/,
  );
});

document('its own files are in memory, and it creates no user', () => {
  const config = load(bakeDocument(deployment(personal))) as BakeConfig;
  assert.equal(config.users, []);
  const lasting = config.write_files.map(({ path }) => path).filter((path) => !path.startsWith('/run/'));
  assert.equal(lasting, ['/etc/apt/keyrings/gen-cloudinit-docker.asc', '/etc/docker/daemon.json']);
  const absent = config.write_files.find(({ path }) => path === '/run/gen-cloudinit/absent')?.content;
  assert.equal(
    absent?.trim().split('\n'),
    FORBIDDEN_PATHS.flatMap(({ places }) => places),
  );
});

document('the script searches the disk for the marker of its own document', () => {
  const text = bakeDocument(deployment(personal));
  assert.ok(text.split('\n')[1]?.startsWith(`${BAKE_MARK} `));
  const entry = (load(text) as BakeConfig).write_files.find(({ path }) => path === '/run/gen-cloudinit/bake');
  const script = gunzipSync(Buffer.from(entry?.content ?? '', 'base64')).toString();
  assert.ok(script.includes(`echo '${BAKE_MARK}'`));
  assert.not.match(script, /poweroff|shutdown|reboot|halt/);
});

document('our own check finds nothing in it', () => {
  const findings = lint(new TextEncoder().encode(bakeDocument(deployment(personal))));
  assert.equal(findings, []);
});

document.run();
