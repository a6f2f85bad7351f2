import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { command } from '../../conformance/support/documents';
import { type Ran, World } from './world';

/** Options of the document that both benches use. Nightly backups include all commands of matrixctl. */
const DEPLOYMENT = [
  ...['--domain', 'matrix.example.org', '--admin-user', 'alice', '--email', 'ops@example.com'],
  ...['--backup', 'daily', '--backup-keep', '2'],
];
/** How long the scripts wait for Synapse, in seconds. The stand-in is ready at once or never, unless a test slows it down. */
const PATIENCE = 2;
/** Longer than twelve health checks can take on a busy machine. */
export const MUCH_PATIENCE = 300;

export const BASE = '/data/matrix';
export const BACKUPS = '/var/backups/matrix';
export const SYNAPSE = 'matrixdotorg/synapse:latest';
export const OPERATORS_IMAGE = 'operator/bot:latest';
const RUNCMD = '/var/lib/cloud/instance/scripts/runcmd';
const READY = '/var/lib/gen-cloudinit/ready';

/** Images of Synapse, by their effect on a server. */
export const SYNAPSE_IMAGES = {
  good: { schema: 95, migrates: 95 },
  sick: { schema: 94, healthy: false },
  spoiler: { schema: 99, migrates: 99, spoils: true, healthy: false },
} as const;
export type SynapseImage = keyof typeof SYNAPSE_IMAGES;

const IMAGES = [SYNAPSE, 'postgres:15-alpine', 'vectorim/element-web:latest', 'jonasal/nginx-certbot:latest'];
export const imageId = (name: string) =>
  `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64)}`;

interface WrittenFile {
  path: string;
  content: string;
}
interface CloudConfig {
  bootcmd?: (string | string[])[];
  write_files: WrittenFile[];
  runcmd: string[];
}

let document: CloudConfig | undefined;

/** The document, from the built command. */
function cloudConfig(): CloudConfig {
  if (document) return document;
  const { code, stdout, stderr } = command(...DEPLOYMENT);
  if (code !== 0) throw new Error(stderr);
  document = load(stdout.toString('latin1')) as CloudConfig;
  return document;
}

const withPatience = (seconds: number, files: readonly WrittenFile[]): WrittenFile[] =>
  files.map(({ content, ...file }) => ({
    ...file,
    content: content.replace(/^HEALTH_TIMEOUT=.*$/m, `HEALTH_TIMEOUT=${seconds}`),
  }));

/** Applies the document as cloud-init does on a new instance. */
export async function land(world: World, patience = PATIENCE): Promise<void> {
  const { bootcmd = [], write_files, runcmd } = cloudConfig();
  await world.must([
    '/bin/sh',
    '-c',
    'rm -rf /var/lib/cloud/instance/sem && mkdir -p /var/lib/cloud/instance/sem',
  ]);
  await world.must(['/bin/sh', '-c', `${bootcmd.map(String).join('\n')}\n:`]);
  await world.order('land', { files: withPatience(patience, write_files) });
  await world.order('write', { path: RUNCMD, content: `#!/bin/sh\n${runcmd.join('\n')}\n`, mode: 0o700 });
}

/** The script that cloud-init creates from runcmd. */
export const FIRST_BOOT = ['/bin/sh', RUNCMD];

function knowImages(world: World): Promise<unknown> {
  const natures = Object.entries(SYNAPSE_IMAGES).map(([name, nature]) => [imageId(name), nature]);
  return world.order('nature', { natures: Object.fromEntries(natures) });
}

/** An operator's server with Docker on it, before the document lands. */
async function empty(world: World): Promise<void> {
  await world.order('fresh');
  await knowImages(world);
  await world.order('registry', { images: Object.fromEntries(IMAGES.map((name) => [name, imageId(name)])) });
  for (const directory of ['/root/work', '/root/.ssh'])
    await world.order('write', { path: `${directory}/a file`, content: 'x\n' });
  await world.order('append', { path: '/etc/shadow', content: 'canary-of-the-shadow-file:!:1::::::\n' });
  await world.order('write', {
    path: '/root/.ssh/authorized_keys',
    content: 'ssh-ed25519 AAAA operator\n',
    mode: 0o600,
  });
  await world.order('write', { path: '/etc/hosts', content: '127.0.0.1 localhost\n' });
  await world.order('write', { path: '/etc/resolv.conf', content: '' });
  const archive = 'deb [signed-by=/k.asc] https://download.docker.com/linux/ubuntu noble stable\n';
  await world.order('write', { path: '/etc/apt/sources.list.d/gen-cloudinit-docker.list', content: archive });
}

/** A server after its first boot. */
async function booted(world: World): Promise<void> {
  await empty(world);
  await land(world);
  await world.must(FIRST_BOOT);
  const { ailment } = await world.facts();
  if (ailment) throw new Error(`not healthy after the first boot: ${ailment}`);
  await world.must(['/bin/sh', '-c', `test -e ${READY}`]);
}

/** The path of a backup of another server with the same name. */
export const OTHER = '/root/work/other.tar.gz';

/** An operator's own files, whose names resemble ours or would be split by a careless script. */
export const OPERATORS_FILES = [
  ...[
    'matrix-old copy.tar.gz',
    'matrix-zzz.tar.gz',
    'matrix-20200101-000000.tar.gz.asc',
    "matrix-it's mine.tar.gz",
  ],
  ...['before-restore.tar.gz', 'matrix-20260102.tar.gz', 'my notes'],
].map((name) => `${BACKUPS}/${name}`);
export const OPERATORS_PIECES = ['copy.tar.gz', 'mine.tar.gz', 'matrix-old'].map(
  (name) => `/root/work/${name}`,
);
const OPERATORS_BOT = {
  id: 'b0'.repeat(32),
  name: 'my-matrix-bot',
  project: '',
  service: '',
  status: 'exited',
};

async function operate(world: World): Promise<void> {
  for (const path of [...OPERATORS_FILES, ...OPERATORS_PIECES])
    await world.order('write', { path, content: `${path}\n` });
  const [former, now] = [imageId('bot of last year'), imageId('bot')];
  await world.order('registry', { images: { [OPERATORS_IMAGE]: now } });
  await world.must(['/bench/bin/docker', 'pull', '-q', OPERATORS_IMAGE]);
  await world.order('container', {
    ...OPERATORS_BOT,
    image: OPERATORS_IMAGE,
    image_id: former,
    hash: '',
    directory: '',
  });
}

/**
 * The servers that cases start with: `first` is one after its first boot, `lived` one with users, rooms, media and a
 * backup of last night, `operated` the same with files and a container of the operator's. All also have a backup of
 * another server, which has secrets of its own.
 */
async function prepare(world: World): Promise<void> {
  await booted(world);
  await world.order('fill', { tag: 'other' });
  await world.must(['/usr/local/sbin/matrixctl', 'backup', OTHER]);
  await world.order('copy', { path: `case:${OTHER}`, to: '/mnt/output/other.tar.gz' });
  await booted(world);
  await world.order('copy', { path: '/mnt/output/other.tar.gz', to: `case:${OTHER}` });
  await world.must(['/bin/sh', '-c', `mkdir -p -m 700 ${BACKUPS}`]);
  const nightly = `${BACKUPS}/matrix-20260101-030000.tar.gz`;
  await world.order('copy', { path: '/mnt/output/other.tar.gz', to: `case:${nightly}` });
  await world.must(['/usr/bin/touch', nightly]);
  await world.order('save', { snapshot: 'first' });
  await world.order('fill', { tag: 'bob' });
  await world.must(['/usr/local/sbin/matrixctl', 'tick']);
  await world.order('save', { snapshot: 'lived' });
  await operate(world);
  await world.order('save', { snapshot: 'operated' });
}

/** Puts another image behind Synapse's name in the registry. */
export function publish(world: World, image: SynapseImage): Promise<unknown> {
  return world.order('registry', { images: { [SYNAPSE]: imageId(image) } });
}

/** Runs SQL in one of a server's databases, as Synapse's role can. */
export function psql(world: World, database: string, sql: string): Promise<Ran> {
  const words = ['exec', 'matrix-db-1', 'psql', '-qU', 'synapse', '-d', database, '-c', sql];
  return world.must(['/bench/bin/docker', ...words]);
}

/** Worlds with the same initial servers, created once. */
export async function openWorlds(number: number): Promise<World[]> {
  const worlds = await Promise.all(Array.from({ length: number }, () => World.open()));
  const [first, ...others] = worlds;
  const directory = mkdtempSync(join(tmpdir(), 'gen-cloudinit-worlds-'));
  try {
    if (first) await prepare(first);
    await first?.order('export', { path: `${directory}/snapshots` });
    for (const other of others) {
      await other.order('import', { path: `${directory}/snapshots` });
      await knowImages(other);
    }
  } catch (error) {
    await Promise.all(worlds.map((world) => world.close()));
    throw error;
  } finally {
    rmSync(directory, { recursive: true });
  }
  return worlds;
}
