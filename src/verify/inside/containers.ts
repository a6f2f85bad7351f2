/** Every container of the document: up, healthy by its own check, of the document's image, not restarted. */

import { quoted } from '../../server/escape';
import { pause } from '../../system/wait';
import { type Check, judging } from '../check';
import type { Expectations, ExpectedContainer } from '../expectations';
import { type Enterable, json, printed } from '../shell';

const { holds } = judging('containers');

/** The fields of `docker inspect` that are read here. */
interface Inspected {
  readonly RestartCount: number;
  readonly Config: { readonly Image: string };
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string; readonly Log?: readonly { readonly Output: string }[] };
  };
}

/** Milliseconds: a container whose check has not run yet gets twice the longest interval of the document. */
const PATIENCE = 75_000;
const LOOK = 3_000;

export async function judgeContainers(
  machine: Enterable,
  { containers }: Expectations,
  signal: AbortSignal,
): Promise<Check[]> {
  const end = performance.now() + PATIENCE * (machine.patience ?? 1);
  for (;;) {
    const found = await inspect(machine, containers);
    const isWaiting = [...found.values()].some(
      ({ State }) => State.Status === 'running' && State.Health?.Status === 'starting',
    );
    if (!isWaiting || performance.now() > end)
      return containers.map((container) => point(container, found.get(container.name)));
    await pause(LOOK, signal);
  }
}

async function inspect(
  machine: Enterable,
  containers: readonly ExpectedContainer[],
): Promise<Map<string, Inspected>> {
  const lines = containers.map(({ name }) => {
    const word = quoted(name);
    return `docker inspect --type container -f '{{json .}}' ${word} 2>/dev/null || echo`;
  });
  const answers = (await printed(machine, lines.join('\n'))).split('\n');
  return new Map(
    containers.flatMap(({ name }, index) => {
      const data = json(answers[index] ?? '');
      return data === undefined ? [] : [[name, data as Inspected] as const];
    }),
  );
}

function point({ name, service, image, isChecked }: ExpectedContainer, found: Inspected | undefined): Check {
  const expected = `running, ${isChecked ? 'healthy' : 'healthy or without a check'}, ${image}`;
  if (!found) return holds(service, false, `no container ${name}`, expected);
  const { Status: status, ExitCode: code, Health } = found.State;
  const check = Health?.Status ?? 'without a check';
  const isWell = status === 'running' && (Health ? check === 'healthy' : !isChecked);
  const ok = isWell && found.RestartCount === 0 && found.Config.Image === image;
  const restarts = found.RestartCount > 0 ? `, restarted ${found.RestartCount} times` : '';
  const words =
    Health && check !== 'healthy' ? `; its check says: ${Health.Log?.at(-1)?.Output ?? 'nothing'}` : '';
  const state = status === 'exited' ? `exited with ${code}` : status;
  return holds(service, ok, `${state}, ${check}, ${found.Config.Image}${restarts}${words}`, expected);
}
