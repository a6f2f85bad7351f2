// Runs one fault: a first boot, the fault at its moment, its end, and the judges of a healthy server.
import { generate } from '../../document';
import type { Lab } from '../../lab';
import { waitForCloudInit } from '../../machines/machine';
import type { Scenario } from '../../scenario';
import type { Server, ServerSpec } from '../../server';
import { ask, holds, is, type Judgement, timed, type Verdict } from '../../verdict';
import { judgeHealthy } from '../first-boot';
import type { Fault } from './fault';
import { Stage } from './stage';

/** Whether the console reports the fault and, for a fault that stops the boot, whether the state file does too. */
async function told(stage: Stage, { reason, stops }: Fault): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  if (reason) {
    const line = await stage.says(reason, 240);
    const last = stage.machine.log.find(/gen-cloudinit: failed/, stage.since)?.text;
    verdicts.push(
      holds('the reason is on the console', line !== undefined, line ?? last ?? 'nothing', reason.source),
    );
  }
  if (stops) {
    await stage.says(/gen-cloudinit: failed/, 60);
    const { phase, error } = await stage.state();
    const said = `gen-cloudinit: failed: ${error}`;
    const ok = phase === 'failed' && error !== '' && (reason === undefined || reason.test(said));
    verdicts.push(holds('state.json', ok, `${phase}: ${error}`, `failed: ${reason?.source ?? 'and why'}`));
  }
  return verdicts;
}

/** Waits until the server reports the phase ready. */
async function ready(stage: Stage, limit: number): Promise<Verdict[]> {
  const { machine, lab } = stage;
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  const timeout = limit * 1000 * lab.patience;
  await machine
    .waitFor(async () => (await stage.state()).phase === 'ready', 'the server to be ready', timeout)
    .catch(() => undefined);
  const { phase, error } = await stage.state();
  const seen = `${phase}${error && `: ${error}`} after ${seconds().toFixed(0)} s`;
  lab.progress(`${stage.spec.name}: ${seen}`);
  return [
    holds('the server becomes ready automatically', phase === 'ready', seen, `ready within ${limit} s`),
    is('state.json has no error', error, ''),
  ];
}

/** A scenario's name without "fault", shortened to the ten letters that a machine's name may have. */
export const machineName = (name: string): string => name.replaceAll('-', '').slice(5, 15);

async function run(lab: Lab, fault: Fault, host: number, tell: (judgement: Judgement) => void) {
  const domain = `${fault.name}.test`;
  const special = await fault.spec?.(lab);
  const spec: ServerSpec = {
    ...special,
    name: machineName(fault.name),
    host,
    domain,
    options: { 'admin-user': 'alice', ...special?.options },
  };
  const { document, report } = await generate(lab.documentOptions(spec));
  const userData = spec.edit ? spec.edit(document) : document;
  const machine = await lab.machine(spec, userData);
  const stage = new Stage(lab, spec, machine);
  const begin = performance.now();
  await fault.before?.(stage);
  await machine.boot();
  await fault.inject(stage);
  const secrets = await stage.secrets();
  const database = await stage.database();
  lab.progress(`${spec.name}: ${fault.fault}, ${fault.moment}`);
  tell(await timed('reports', () => told(stage, fault)));
  await fault.mend?.(stage);
  const back = await timed('the recovery', () => ready(stage, fault.limit ?? 300));
  tell(back);
  if (back.verdicts.some(({ ok }) => !ok)) {
    // Dozens of other points would fail for the same reason.
    await machine.destroy();
    return;
  }
  const status = await waitForCloudInit(machine, 60_000 * lab.patience);
  const seconds = (performance.now() - begin) / 1000;
  const server: Server = {
    ...spec,
    serverName: domain,
    machine,
    document: userData,
    report,
    status,
    seconds,
  };
  tell(
    await timed('data that must not be lost', async () => {
      const now = await stage.secrets();
      const changed = [...secrets].filter(([path, sum]) => now.get(path) !== sum).map(([path]) => path);
      const names = changed.join(' ') || `${secrets.size} as they were`;
      const kept = holds('existing secrets', changed.length === 0, names, 'as they were');
      if (!fault.keepsDatabase) return [kept];
      return [kept, is('existing database', await stage.database(), database || 'some')];
    }),
  );
  if (fault.judge)
    tell(await timed('conditions of the fault', async () => (await fault.judge?.(stage)) ?? []));
  await judgeHealthy(lab, server, tell, fault.without);
  for (const judgement of await ask(fault.instead ?? [], lab.place(server))) tell(judgement);
  await machine.destroy();
}

/** @param host last number of the server's addresses; @param after scenarios with which it shares a server of the world. */
export const scenarioOf = (fault: Fault, host: number, after: readonly string[]): Scenario => ({
  name: fault.name,
  what: `${fault.fault}, ${fault.moment}`,
  servers: [],
  groups: fault.few ? ['faults', 'faults-few'] : ['faults'],
  onRequest: true,
  after,
  ...(fault.kind === undefined ? {} : { kind: fault.kind }),
  run: (lab, tell) => run(lab, fault, host, tell),
});
