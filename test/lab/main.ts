// The lab's command: boots generated documents and judges the resulting servers.
// dist/test/lab/main.js [--machine nspawn|qemu] [--profile NAME] [--only NAME]... [--list] [--keep] [--json] [--lanes N] [--out DIR]
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Lab, type MachineKind } from './lab';
import { bootTimeline } from './machines/boot-timeline';
import { withRegistry } from './machines/cleanup';
import { leftovers } from './machines/leftovers';
import { DEFAULT_PROFILE, PROFILES, type Profile, profileNamed } from './machines/profiles';
import { missing } from './missing';
import { markdown, type Run, versionsOf } from './report';
import { type ScenarioResult, schedule } from './scenario';
import { scenarios } from './scenarios';
import { explain, holds, timed } from './verdict';

const usage = `usage: main.js [options]
  --machine nspawn|qemu  native speed, or an own kernel in QEMU (default nspawn)
  --profile NAME         the published image that machines stand for (default ubuntu-24.04)
  --only NAME            this scenario or group (faults, faults-few) alone; repeatable
  --list                 the names of scenarios and profiles
  --keep                 leave servers and world on in the end, until Ctrl-C
  --json                 the results as JSON on standard output, in place of the count
  --lanes N              scenarios at a time (default 2, on QEMU 1)
  --out DIR              report, consoles and screenshots (default out/lab)
`;

const { values } = parseArgs({
  options: {
    machine: { type: 'string', default: 'nspawn' },
    profile: { type: 'string', default: DEFAULT_PROFILE },
    only: { type: 'string', multiple: true, default: [] },
    list: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    lanes: { type: 'string' },
    out: { type: 'string', default: 'out/lab' },
    help: { type: 'boolean', default: false },
  },
});

const begin = performance.now();
const now = () => (performance.now() - begin) / 1000;
const progress = (line: string) => process.stderr.write(`[${now().toFixed(1).padStart(6)}] ${line}\n`);

/** Runs the chosen scenarios in a new lab, removes everything, and judges the removal as well. */
async function runLab(
  kind: MachineKind,
  profile: Profile,
  chosen: typeof scenarios,
  atATime: number,
  out: string,
): Promise<Run> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const runid = `lab${process.pid.toString(36)}`;
  let results: ScenarioResult[] = [];
  let versions: Record<string, string> = {};
  let timelines: Run['timelines'] = [];
  let startup = 0;
  let seen: string[] = [];
  let failures: string[] = [];
  await withRegistry(runid, async (registry) => {
    const lab = await Lab.open({ registry, kind, profile, out, keep: values.keep, progress });
    startup = now();
    progress('the world is up');
    try {
      results = await schedule(lab, chosen, atATime, now);
      versions = await versionsOf(lab);
      seen = await leftovers(runid, 0);
      if (values.keep) await keep(lab);
    } finally {
      timelines = lab.machines.map(timelineOf);
      failures = await lab.close();
    }
  });
  const end = await timed('everything is removed', async () => {
    const left = [...failures, ...(await leftovers(runid))];
    return [
      holds(
        'the search for leftovers sees a run that is under way',
        seen.length > 0,
        `${seen.length} things`,
        'some',
      ),
      holds('nothing is left', left.length === 0, left.join('; ') || 'nothing', 'nothing'),
    ];
  });
  const tidy = { name: 'clean-up', what: 'the run leaves nothing behind', judgements: [end] };
  results = [...results, { ...tidy, started: now() - end.seconds, seconds: end.seconds }];
  const pictures = (await readdir(out)).filter((name) => name.endsWith('.png'));
  return { kind, results, versions, timelines, pictures, startup, seconds: now() };
}

/** The events of a machine, and the timeline of its boots. */
function timelineOf({ name, log }: Lab['machines'][number]): Run['timelines'][number] {
  return { name, events: [...log.timeline(), ...bootTimeline(log)].sort((a, b) => a.t - b.t) };
}

/** Prints how to enter the running machines, and waits for Ctrl-C. */
async function keep(lab: Lab): Promise<void> {
  for (const machine of lab.machines.filter(({ on }) => on)) {
    progress(`kept: ${machine.name} at ${machine.address}`);
  }
  progress(`kept: outside, nsenter --net=/run/netns/${lab.outside.netns}; Ctrl-C ends all`);
  await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1));
}

/** How many scenarios run at a time; more if most of them wait, as faults do. */
function lanes(kind: MachineKind): number {
  const asked = Number(values.lanes ?? (kind === 'nspawn' ? 2 : 1));
  if (!Number.isInteger(asked) || asked < 1 || asked > 8) throw new Error(`--lanes ${values.lanes}: 1 to 8`);
  return asked;
}

/** The requested scenarios, by name or group, that this kind of machine supports. */
function choose(machine: MachineKind): typeof scenarios {
  const possible = scenarios.filter(({ kind = machine }) => kind === machine);
  if (values.only.length === 0) return possible.filter(({ onRequest }) => !onRequest);
  const called = ({ name, groups = [] }: (typeof scenarios)[number]) => [name, ...groups];
  const unknown = values.only.filter((word) => !possible.some((scenario) => called(scenario).includes(word)));
  if (unknown.length > 0)
    throw new Error(`no scenario ${unknown.join(', ')} on ${machine}; --list shows them`);
  return possible.filter((scenario) => called(scenario).some((word) => values.only.includes(word)));
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (values.list) {
    for (const [title, list] of [
      ['Scenarios', scenarios],
      ['Profiles', PROFILES],
    ] as const) {
      const lines = list.map(({ name, what }) => `  ${name.padEnd(22)} ${what}\n`);
      process.stdout.write(`${title}:\n${lines.join('')}`);
    }
    return 0;
  }
  const kind = values.machine;
  if (kind !== 'nspawn' && kind !== 'qemu') throw new Error(`--machine ${kind}: nspawn or qemu`);
  const profile = profileNamed(values.profile);
  const chosen = choose(kind);
  const lacking = await missing();
  if (lacking.length > 0) {
    process.stderr.write(
      `The lab cannot run here. It needs\n${lacking.map((line) => `- ${line}\n`).join('')}`,
    );
    return 1;
  }
  const run = await runLab(kind, profile, chosen, lanes(kind), values.out);
  const report = join(values.out, 'REPORT.md');
  await writeFile(report, markdown(run));
  progress(`report: ${report}`);
  const verdicts = run.results.flatMap(({ judgements }) =>
    judgements.flatMap((judgement) => judgement.verdicts),
  );
  const good = verdicts.filter(({ ok }) => ok).length;
  const count = `${good} passed, ${verdicts.length - good} failed\n`;
  if (values.json) process.stdout.write(`${JSON.stringify(run, null, 1)}\n`);
  (values.json ? process.stderr : process.stdout).write(count);
  return good > 0 && good === verdicts.length ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  },
);
