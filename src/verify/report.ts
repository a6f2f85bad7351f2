/** The verdict as data, and as a table for eyes. */
import { printable } from '../diagnostics/printable';
import type { HowTo, MachineKind } from '../machines/machine';
import type { Check } from './check';
import type { Access } from './judge';
import { elapsed } from './progress-line';

/** What `--json` prints; `gen-cloudinit schema verify` describes it. */
export interface Report {
  readonly verdict: 'ok' | 'failed';
  readonly domain: string;
  readonly serverName: string;
  readonly machine: {
    readonly kind: MachineKind;
    readonly name: string;
    /** The viewpoints from which the machine could be checked, which limits what could be judged. */
    readonly access: Access;
    /** Present when the machine was kept. */
    readonly kept?: HowTo;
  };
  readonly document: { readonly bytes: number; readonly sha256: string };
  readonly seconds: {
    /** From the start of the launch to a machine that answers, to the end of its first boot, and in total. */
    readonly launch: number;
    readonly firstBoot: number;
    readonly total: number;
  };
  readonly points: readonly Check[];
  readonly notes: readonly string[];
  /** Logs and consoles that were saved: those of a failure, and QEMU's serial log. */
  readonly saved: readonly string[];
}

const SIGNS = { ok: 'ok', failed: 'FAILED', 'not judged': 'not judged' } as const;

/** @param colours whether the terminal supports them */
export function verifyReport(report: Report, colours = false): string {
  const { points, notes, saved, machine, seconds, verdict } = report;
  const groups = [...new Set(points.map(({ group }) => group))];
  const width = Math.max(...points.map(({ name }) => name.length));
  const rows = groups.flatMap((group) => [
    group,
    ...points.filter((point) => point.group === group).map((point) => row(point, width, colours)),
  ]);
  const count = (status: Check['status']) => points.filter((point) => point.status === status).length;
  const unjudged = count('not judged');
  const counts = [
    `${count('ok')} ok`,
    `${count('failed')} failed`,
    ...(unjudged > 0 ? [`${unjudged} not judged`] : []),
  ];
  const only = machine.access === 'console' ? ', as far as its console tells' : '';
  const times = `first boot ${elapsed(seconds.firstBoot * 1000)}, in all ${elapsed(seconds.total * 1000)}`;
  return [
    ...rows,
    ...notes.map((note) => `note: ${printable(note)}`),
    ...saved.map((path) => `saved: ${printable(path)}`),
    ...(machine.kept
      ? [
          `kept: ${machine.name}; enter it: ${machine.kept.enter}`,
          `      remove it: ${machine.kept.remove}`,
          ...(machine.kept.until ? [`      it ends automatically: ${machine.kept.until}`] : []),
        ]
      : []),
    `${verdict === 'ok' ? 'OK' : 'FAILED'}${only}: ${report.domain} on ${machine.kind} ${machine.name}: ${counts.join(', ')}; ${times}`,
  ].join('\n');
}

function row({ name, status, seen, expected, required }: Check, width: number, colours: boolean): string {
  const colour = colours ? { ok: 32, failed: 31, 'not judged': 33 }[status] : undefined;
  const sign = SIGNS[status].padEnd(10);
  const shown =
    colour === undefined ? sign : `${String.fromCharCode(27)}[${colour}m${sign}${String.fromCharCode(27)}[0m`;
  const wanted =
    status === 'failed'
      ? `; expected ${expected}`
      : status === 'not judged' && required
        ? '; it is needed'
        : '';
  return `  ${shown}  ${printable(name).padEnd(width)}  ${printable(seen)}${printable(wanted)}`;
}
