// The report of a run: Markdown that can be pasted into a pull request.
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import type { Lab, MachineKind } from './lab';
import type { TimelineEvent } from './machines/console';
import { tryRun } from './machines/run';
import { passed, type ScenarioResult } from './scenario';

/** The data of a run. Times are seconds since its start. */
export interface Run {
  readonly kind: MachineKind;
  readonly results: readonly ScenarioResult[];
  readonly versions: Readonly<Record<string, string>>;
  /** Events of each machine, on the machine's own clock. */
  readonly timelines: readonly { readonly name: string; readonly events: readonly TimelineEvent[] }[];
  /** Screenshots, relative to the report. */
  readonly pictures: readonly string[];
  /** When the world was up. */
  readonly startup: number;
  readonly seconds: number;
}

const firstLine = async (argv: readonly string[]): Promise<string> =>
  (await tryRun(argv)).stdout.trim().split('\n')[0] ?? '';

/** Versions of the generator, of the servers, of the world's programs, and of the clients outside. */
export async function versionsOf(lab: Lab): Promise<Record<string, string>> {
  const client = JSON.parse(await readFile('node_modules/matrix-js-sdk/package.json', 'utf8')) as {
    version: string;
  };
  return {
    'gen-cloudinit': await firstLine(['git', 'describe', '--always', '--dirty']),
    ...lab.versions,
    ...(await lab.world.versions()),
    'matrix-js-sdk': client.version,
    Chromium: (await firstLine(['chromium', '--version'])).replace('Chromium ', ''),
    curl: (await firstLine(['curl', '--version'])).split(' ')[1] ?? '',
    Node: process.version.slice(1),
    "this machine's kernel": release(),
  };
}

const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
const row = (...cells: string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const rows = (head: readonly string[], body: readonly string[][]): string[] => [
  row(...head),
  `|${head.map(() => ' --- |').join('')}`,
  ...body.map((cells) => row(...cells)),
];
const folded = (title: string, lines: readonly string[]): string[] => [
  `<details><summary>${title}</summary>`,
  '',
  ...lines,
  '',
  '</details>',
  '',
];

function scenarioSection({ name, what, judgements, seconds }: ScenarioResult): string[] {
  const body = judgements.flatMap(({ judge, verdicts, seconds: took }) =>
    verdicts.map(({ ok, name: point, seen, expected }, index) => [
      ok ? 'ok' : '**NO**',
      index === 0 ? judge : '',
      point,
      ok ? seen : `${seen} (expected: ${expected})`,
      index === 0 ? took.toFixed(1) : '',
    ]),
  );
  const state = passed(judgements) ? 'passed' : '<b>FAILED</b>';
  return folded(`${state}: <b>${name}</b>, ${what} (${body.length} points, ${seconds.toFixed(1)} s)`, [
    ...rows(['', 'judge', 'point', 'seen', 's'], body),
  ]);
}

/** The report as Markdown. Links are relative to the folder that it is written to. */
export function markdown({ kind, results, versions, timelines, pictures, startup, seconds }: Run): string {
  const verdicts = results.flatMap(({ judgements }) => judgements.flatMap((judgement) => judgement.verdicts));
  const failed = verdicts.filter(({ ok }) => !ok);
  const machines = kind === 'nspawn' ? 'systemd-nspawn' : 'QEMU';
  return [
    `# Lab: ${verdicts.length - failed.length} passed, ${failed.length} failed`,
    '',
    `${results.length} scenarios on machines of ${machines} in ${seconds.toFixed(0)} s, of which ${startup.toFixed(0)} s until the world was up.`,
    '',
    ...rows(
      ['', 'scenario', 'points', 'begun at', 'seconds'],
      results.map(({ name, judgements, started, seconds: took }) => [
        passed(judgements) ? 'ok' : '**NO**',
        name,
        `${judgements.flatMap((judgement) => judgement.verdicts).length}`,
        started.toFixed(1),
        took.toFixed(1),
      ]),
    ),
    '',
    ...(pictures.length > 0 ? [...pictures.map((file) => `![the page in Chromium](${file})`), ''] : []),
    ...results.flatMap(scenarioSection),
    ...folded('Versions', rows(['program', 'version'], Object.entries(versions))),
    ...timelines.flatMap(({ name, events }) =>
      folded(
        `Machine ${name}`,
        rows(
          ['s', 'event'],
          events.map(({ t, event }) => [t.toFixed(1), event]),
        ),
      ),
    ),
  ].join('\n');
}
