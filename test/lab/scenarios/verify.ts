// `verify multipass` itself, against real servers: a healthy one passes, and each spoiled one fails in exactly the points
// that were spoiled.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from '../document';
import type { Lab } from '../lab';
import { LabMultipass, type Verified } from '../multipass';
import type { Scenario } from '../scenario';
import { type VerifyControl, verifyControls } from '../spoils/verify';
import { holds, is, timed, type Verdict } from '../verdict';

const healthy = { name: 'verified', host: 15, domain: 'verified.test' };
/** A domain without a DNS record, so that it cannot get a certificate. */
const nameless = { name: 'nameless', host: 16, domain: 'nameless.test' };

const flags = (options: Readonly<Record<string, string>>) =>
  Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);

/** The failed points, by group and name, with their observations. */
const failures = ({ report, stderr }: Verified): Map<string, string> =>
  report
    ? new Map(
        report.points
          .filter(({ status }) => status !== 'ok')
          .map(({ group, name, seen }) => [`${group}: ${name}`, seen]),
      )
    : new Map([['no report', stderr]]);

const list = (failed: ReadonlyMap<string, string>) =>
  [...failed].map(([name, seen]) => `${name}: ${seen}`).join('; ') || 'all is well';

/** Every required point was judged, and held. */
function wholeVerdict({ code, report, ...rest }: Verified): Verdict[] {
  const groups = [...new Set(report?.points.map(({ group }) => group))].join(', ');
  return [
    is('nothing fails', list(failures({ code, report, ...rest })), 'all is well'),
    is('exit code', code, 0),
    is('verdict', report?.verdict, 'ok'),
    is('groups', groups, 'first boot, cloud-init, files, containers, from outside, closed, clean-up'),
    holds('points', (report?.points.length ?? 0) >= 34, `${report?.points.length} points`, '34 or more'),
  ];
}

async function control(
  multipass: LabMultipass,
  options: readonly string[],
  { spoil, mend, expects }: VerifyControl,
): Promise<Verdict[]> {
  const inside = (script: string) => multipass.booted.exec(script, { timeoutMs: 120_000 });
  const done = await inside(spoil);
  if (done.code !== 0) throw new Error(`it could not be spoiled: ${done.stderr || done.stdout}`);
  const verified = await multipass.verify(options).finally(() => inside(mend));
  const failed = failures(verified);
  const isSeen =
    [...failed.keys()].sort().join() === Object.keys(expects).sort().join() &&
    [...failed].every(([name, seen]) => expects[name]?.test(seen));
  const wanted = Object.entries(expects).map(([name, seen]) => `${name}: ${seen}`);
  return [
    holds('exactly this fails', isSeen, list(failed), wanted.join('; ')),
    is('exit code', verified.code, 1),
    holds(
      'logs are saved',
      (verified.report?.saved.length ?? 0) >= 6,
      `${verified.report?.saved.length}`,
      '6 or more',
    ),
  ];
}

export const verifyProbes: Scenario = {
  name: 'verify-probes',
  what: 'verify finds a healthy server well, and in each spoiled one just what is wrong',
  servers: [],
  async run(lab, tell) {
    const multipass = await attached(lab, healthy);
    const { 'acme-url': _acme, ...rest } = lab.documentOptions(healthy);
    const options = flags(rest);
    let first: Verified | undefined;
    tell(
      await timed('a healthy server', async () => {
        first = await multipass.verify(options);
        return [...wholeVerdict(first), is('left of the instance', multipass.left, 'nothing')];
      }),
    );
    if (first?.report?.verdict !== 'ok') return;
    await writeFile(join(lab.options.out, 'verify.stderr.txt'), first.stderr);
    for (const each of verifyControls(healthy.domain))
      tell(await timed(each.name, () => control(multipass, options, each)));
    tell(
      await timed('mended, and left on with --keep', async () => {
        const kept = await multipass.verify([...options, '--keep']);
        const { enter, remove } = kept.report?.machine.kept ?? { enter: '', remove: '' };
        return [
          is('nothing fails', list(failures(kept)), 'all is well'),
          is('to enter', enter, 'multipass shell lab-verified'),
          is('to remove', remove, 'multipass delete --purge lab-verified'),
          is('left of the instance', multipass.left, 'Running'),
        ];
      }),
    );
  },
};

export const verifyFile: Scenario = {
  name: 'verify-file',
  what: "verify judges a document that orders from Let's Encrypt, where the domain does not point to the machine",
  servers: [],
  async run(lab, tell) {
    const multipass = await attached(lab, nameless);
    const { 'acme-url': _acme, ...options } = lab.documentOptions(nameless);
    const { document } = await generate(options);
    const file = join(lab.options.out, 'nameless.yaml');
    await writeFile(file, document);
    tell(
      await timed('the document as it is', async () => {
        const verified = await multipass.verify([file]);
        const notes = verified.report?.notes.join(' ') ?? '';
        return [
          ...wholeVerdict(verified),
          holds(
            'it says that nginx was helped',
            /given a CA made on the machine/.test(notes),
            notes,
            'a note',
          ),
          is('bytes', verified.report?.document.bytes, document.length),
        ];
      }),
    );
    tell(
      await timed('the files of the deployment', async () => {
        // The second judgement follows after verify has given nginx a certificate.
        const again = await multipass.verify([file]);
        return [is('are untouched', list(failures(again)), 'all is well')];
      }),
    );
  },
};

/** A multipass that boots the lab's machines of that spec. */
async function attached(lab: Lab, spec: typeof healthy): Promise<LabMultipass> {
  const multipass = new LabMultipass(lab, `lab-${spec.name}`, async (document) => {
    const machine = await lab.machine(spec, document);
    // A test machine is not in the DNS.
    await lab.world.dns.set(spec.domain, {});
    await machine.boot();
    await machine.exec('true', { timeoutMs: 60_000 * lab.patience });
    return machine;
  });
  await multipass.open();
  return multipass;
}
