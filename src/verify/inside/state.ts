/** What the first boot's state file says, and whether Synapse answers on the server. */
import { type Check, judging } from '../check';
import type { Expectations } from '../expectations';
import { type Enterable, fields, json, printed } from '../shell';

/** Where matrixctl keeps it. */
export const STATE_FILE = '/var/lib/gen-cloudinit/state.json';

export async function judgeState(machine: Enterable, { domain }: Expectations): Promise<Check[]> {
  const { holds, is } = judging('first boot');
  const text = await printed(machine, `cat ${STATE_FILE} 2>&1`);
  const state = json(text);
  if (state === undefined) return [holds('state file', false, text, `${STATE_FILE} with phase ready`)];
  const { phase, error, domain: of } = fields(state);
  // Without an error the script writes a space there, or nothing.
  const why = String(error ?? '').trim();
  return [is('phase', `${String(phase)}${why ? `: ${why}` : ''}`, 'ready'), is('domain', String(of), domain)];
}

/** The overview's health check, as written there. */
export async function judgeHealth(machine: Enterable): Promise<Check[]> {
  const { is } = judging('first boot');
  const script = "curl -s -o /dev/null -m 5 -w '%{http_code}' http://127.0.0.1:8008/health";
  return [is('http://127.0.0.1:8008/health', (await printed(machine, script)).trim(), '200')];
}
