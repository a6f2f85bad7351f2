// Images in the lab: boots the bake's document to make one, and cuts a machine off from the servers that it downloads from.
import { readFile } from 'node:fs/promises';
import { bakeDocument } from '../../src/bake/image-document';
import { resolve } from '../../src/config/resolve';
import type { Lab } from './lab';
import { type Machine, waitForConsole } from './machines/machine';
import type { NspawnImage, NspawnMachine } from './machines/nspawn';
import { run } from './machines/run';
import type { ServerSpec } from './server';

/** The bake's document for this world, with the options that the ordinary document gets. */
export async function bakeUserData(lab: Lab, spec: ServerSpec): Promise<string> {
  const options = lab.documentOptions(spec);
  const key = await readFile(options['docker-apt-key'] ?? '', 'utf8');
  const { deployment, diagnostics } = resolve({ ...options, 'docker-apt-key': key });
  if (!deployment) throw new Error(JSON.stringify(diagnostics));
  return bakeDocument(deployment);
}

export interface Bake {
  readonly machine: NspawnMachine;
  /** The bake's last message on the console, without `gen-cloudinit: `. */
  readonly word: string;
  /** From power on to that message. */
  readonly seconds: number;
}

/** Boots the bake's document until it reports its result, then powers the machine off. */
export async function bake(lab: Lab, spec: ServerSpec, userData: string, image?: NspawnImage): Promise<Bake> {
  const machine = await lab.nspawn(spec, userData, image);
  const start = performance.now();
  lab.progress(`${spec.name}: bake`);
  await machine.boot();
  const last = /gen-cloudinit: ((?:ready|failed).*)/;
  const line = await waitForConsole(machine, last, 400_000 * lab.patience);
  const word = last.exec(line.text)?.[1]?.trim() ?? '';
  const seconds = (performance.now() - start) / 1000;
  lab.progress(`${spec.name}: ${word}, ${seconds.toFixed(1)} s`);
  await machine.shutdown(120_000 * lab.patience);
  return { machine, word, seconds };
}

/**
 * Cuts only one machine off from repository and registry: `refused` acts as a closed port, `silent` as a firewall that drops.
 */
export async function withoutDownloads(
  lab: Lab,
  machine: Pick<Machine, 'address'>,
  how: 'refused' | 'silent',
): Promise<void> {
  const ports = [lab.world.aptUrl, lab.world.registryUrl].map((url) => new URL(url).port).join(',');
  const verdict = how === 'refused' ? ['REJECT', '--reject-with', 'tcp-reset'] : ['DROP'];
  await run([
    ...[
      'ip',
      'netns',
      'exec',
      lab.world.netns,
      'iptables',
      '--wait',
      '10',
      '-I',
      'INPUT',
      '-s',
      machine.address,
    ],
    ...['-p', 'tcp', '-m', 'multiport', '--dports', ports, '-j', ...verdict],
  ]);
}
