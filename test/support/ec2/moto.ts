// moto_server, as test/tools installs it: a third-party simulator of EC2 with API and state. All test files share one.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { IMAGES } from './images';

const PACKAGE = resolve('.cache/tools/moto/usr/lib/python3/dist-packages');
const PLACE = Symbol.for('gen-cloudinit test: moto');

/** @returns undefined when moto can be used, otherwise a sentence for people */
export function motoMissing(): string | undefined {
  return existsSync(join(PACKAGE, 'moto')) ? undefined : 'moto is missing: test/tools installs it';
}

/**
 * The port on loopback where moto listens. Test files are bundles of their own in one process, so the server is kept
 * where all of them find it; it ends with the process, however that ends.
 */
export function motoPort(): Promise<number> {
  const shared = globalThis as { [PLACE]?: Promise<number> };
  shared[PLACE] ??= start();
  return shared[PLACE];
}

/** Forgets everything, in all regions. */
export async function resetMoto(): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${await motoPort()}/moto-api/reset`, { method: 'POST' });
  if (!answer.ok) throw new Error(`moto cannot be reset: ${answer.status}`);
}

async function start(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'gen-cloudinit-moto-'));
  const images = join(directory, 'images.json');
  writeFileSync(images, JSON.stringify(IMAGES));
  const command = ['/usr/bin/python3', '-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'];
  const moto = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: '/usr/bin:/bin',
      HOME: directory,
      PYTHONPATH: PACKAGE,
      PYTHONDONTWRITEBYTECODE: '1',
      MOTO_AMIS_PATH: images,
      MOTO_ENABLE_AMI_VALIDATION: 'true',
      MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION: 'true',
    },
  });
  process.on('exit', () => {
    moto.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  const port = await listening(moto);
  moto.unref();
  (moto.stderr as unknown as { unref(): void }).unref();
  return port;
}

/** Keeps reading: a full pipe would stop the server. */
function listening(moto: ChildProcess): Promise<number> {
  return new Promise((resolvePort, reject) => {
    let said = '';
    moto.on('error', reject);
    moto.on('exit', (code) => reject(new Error(`moto ended with ${code}: ${said}`)));
    moto.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      if (said.length < 20_000) said += chunk;
      const port = /Running on http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (port) resolvePort(Number(port));
    });
  });
}
