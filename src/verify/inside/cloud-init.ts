/** cloud-init's own result of the first boot, by its JSON and never by its exit code (2 means degraded, since 23.4). */
import { type Check, judging } from '../check';
import { type Enterable, fields, json, printed } from '../shell';

const { holds } = judging('cloud-init');

/** Warnings in the log, for a cloud-init that does not count them (before 23.4, such as 22.4 of Debian 12). */
const SCRIPT = `cloud-init status --format json 2>/dev/null
echo
echo --- warnings
grep -hE ' - [^ ]+\\[(WARNING|ERROR|CRITICAL)\\]' /var/log/cloud-init.log 2>/dev/null | tail -n 5`;

export async function judgeCloudInit(machine: Enterable): Promise<Check[]> {
  const [status = '', warnings = ''] = (await printed(machine, SCRIPT)).split('\n--- warnings\n');
  return cloudInitPoints(status, warnings);
}

/**
 * Distinguishes an error from a degraded boot: `errors` are modules and stages that failed; `recoverable_errors` are
 * warnings, after which everything else was applied. A deprecated key also degrades the boot, but is harmless.
 * @param status what `cloud-init status --format json` printed, new or old
 * @param warnings lines of cloud-init.log, which count only where the status does not know degraded boots
 */
export function cloudInitPoints(status: string, warnings: string): Check[] {
  const said = json(status);
  if (said === undefined)
    return [holds('status', false, status || 'no answer', 'cloud-init status --format json says done')];
  const {
    status: word,
    extended_status: extended,
    detail,
    errors,
    recoverable_errors: recoverable,
  } = fields(said);
  const failed = texts(errors);
  const levels = Object.entries(fields(recoverable)).map(([level, lines]) => ({
    level,
    lines: texts(lines),
  }));
  const isOld = extended === undefined;
  const complaints = isOld
    ? warnings.split('\n').filter(Boolean)
    : levels
        .filter(({ level }) => level !== 'DEPRECATED')
        .flatMap(({ level, lines }) => lines.map((line) => `${level}: ${line}`));
  const deprecated = levels.find(({ level }) => level === 'DEPRECATED')?.lines ?? [];
  const note = deprecated.length > 0 ? `; deprecated: ${deprecated.join('; ')}` : '';
  const state = String(isOld ? word : extended);
  // The next point judges "degraded".
  const isDone = word === 'done' || state === 'degraded done';
  const why = word === 'error' && detail ? `: ${String(detail)}` : '';
  return [
    holds('status', isDone, `${state}${isDone ? '' : why}`, 'done'),
    holds(
      'no module failed',
      failed.length === 0 && word !== 'error',
      failed.join('; ') || (word === 'error' ? `error${why}` : 'none'),
      'none',
    ),
    holds(
      'not degraded by warnings',
      complaints.length === 0,
      `${complaints.join('; ') || 'none'}${note}`,
      'none',
    ),
  ];
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
