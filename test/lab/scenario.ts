// The interface of a scenario, and the code that runs scenarios in parallel.
import type { Lab, MachineKind } from './lab';
import type { SharedServer } from './servers';
import { type Judgement, timed } from './verdict';

export interface Scenario {
  readonly name: string;
  /** One line for a person. */
  readonly what: string;
  /** The shared servers that it works on, exclusively. */
  readonly servers: readonly SharedServer[];
  /** Names of scenarios that must end first, if they run at all: this one leaves changes that they could not handle. */
  readonly after?: readonly string[];
  /** Names of the groups that it belongs to. */
  readonly groups?: readonly string[];
  /** Whether it runs only when it, or a group of it, is named. */
  readonly onRequest?: boolean;
  /** The kind of machine that it needs; any if absent. */
  readonly kind?: MachineKind;
  /** Runs it, and reports each judgement at once. A thrown error fails the scenario. */
  run(lab: Lab, tell: (judgement: Judgement) => void): Promise<void>;
}

export interface ScenarioResult {
  readonly name: string;
  readonly what: string;
  /** Seconds since the lab's start. */
  readonly started: number;
  readonly seconds: number;
  readonly judgements: readonly Judgement[];
}

/** Whether there is a verdict, and all verdicts hold. */
export const passed = (judgements: readonly Judgement[]): boolean =>
  judgements.length > 0 && judgements.every(({ verdicts }) => verdicts.every(({ ok }) => ok));

async function runOne(lab: Lab, scenario: Scenario, now: () => number): Promise<ScenarioResult> {
  const started = now();
  const judgements: Judgement[] = [];
  const tell = (judgement: Judgement) => {
    judgements.push(judgement);
    for (const { ok, name, seen, expected } of judgement.verdicts) {
      if (!ok)
        lab.progress(`${scenario.name}: NOT ${judgement.judge}: ${name}: seen ${seen}; expected ${expected}`);
    }
  };
  lab.progress(`${scenario.name}: ${scenario.what}`);
  const broken = await timed('to its end', async () => {
    await scenario.run(lab, tell);
    return [];
  });
  if (broken.verdicts.length > 0 || judgements.length === 0) tell(broken);
  const seconds = now() - started;
  lab.progress(`${scenario.name}: ${passed(judgements) ? 'passed' : 'FAILED'}, ${seconds.toFixed(1)} s`);
  return { name: scenario.name, what: scenario.what, started, seconds, judgements };
}

/**
 * Runs scenarios in their order, a given number at a time, but never two on one server. It ends each shared server after
 * the last scenario that works on it.
 * @returns the results in the order of the scenarios.
 */
export async function schedule(
  lab: Lab,
  scenarios: readonly Scenario[],
  lanes: number,
  now: () => number,
): Promise<ScenarioResult[]> {
  const waiting = [...scenarios];
  const results = new Map<string, ScenarioResult>();
  const running = new Map<Scenario, Promise<void>>();

  const free = ({ servers, after = [] }: Scenario) =>
    [...running.keys()].every((other) => !other.servers.some((name) => servers.includes(name))) &&
    after.every((name) => results.has(name) || !scenarios.some((other) => other.name === name));

  const run = async (scenario: Scenario) => {
    results.set(scenario.name, await runOne(lab, scenario, now));
    running.delete(scenario);
    for (const name of scenario.servers) {
      if (![...waiting, ...running.keys()].some(({ servers }) => servers.includes(name)))
        await lab.dismiss(name);
    }
  };

  while (waiting.length > 0 || running.size > 0) {
    const next = running.size < lanes ? waiting.find(free) : undefined;
    if (next) {
      waiting.splice(waiting.indexOf(next), 1);
      running.set(next, run(next));
    } else if (running.size > 0) {
      await Promise.race(running.values());
    } else {
      throw new Error(`scenarios wait for each other: ${waiting.map(({ name }) => name).join(', ')}`);
    }
  }
  return scenarios.map(({ name }) => results.get(name)!);
}
