// The command's own verify, as a user runs it: it boots a virtual machine of its own from the lab's disk image, in a
// network outside in the lab's internet, and the lab adopts its verdict point by point.
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Report } from '../../../src/verify/report';
import { ensureImage } from '../machines/image';
import { ensureRoot } from '../machines/roots';
import { contained, tryRun } from '../machines/run';
import type { Scenario } from '../scenario';
import { holds, is, timed } from '../verdict';

/** The report's JSON and, on failure, the path of the files that verify has saved. */
const folderName = 'verify-qemu';

export const verifyQemu: Scenario = {
  name: 'verify-qemu',
  what: 'gen-cloudinit verify qemu boots the document on a virtual machine, finds it good, and removes the machine',
  servers: [],
  kind: 'qemu',
  async run(lab, tell) {
    const { disk } = await ensureImage(await ensureRoot({ profile: lab.options.profile, flavour: 'qemu' }));
    const out = resolve(lab.options.out, folderName);
    // In the run's own folder, which is removed in any case.
    const cache = resolve(lab.outside.folder, folderName);
    await mkdir(out, { recursive: true });
    await mkdir(cache, { recursive: true });
    const { 'acme-url': _authority, ...asked } = lab.documentOptions({
      name: 'verified',
      host: 30,
      domain: 'verified.test',
    });
    const flags = Object.entries({ ...asked, image: disk, 'save-to': out, 'time-limit': '120' });
    const command = [
      ...[process.execPath, resolve('dist/cli.js'), 'verify', 'qemu', '--json'],
      ...flags.flatMap(([name, value]) => [`--${name}`, value]),
    ];
    tell(
      await timed('verify qemu', async () => {
        // Contained, because the machine that it starts would outlive it.
        const place = contained(lab.outside.command(command));
        const env = { ...(process.env as Record<string, string>), XDG_CACHE_HOME: cache };
        const { code, stdout, stderr } = await tryRun(place, { env, timeoutMs: 7_200_000 });
        await writeFile(join(out, 'stderr.log'), stderr);
        await writeFile(join(out, 'report.json'), stdout);
        if (stdout === '') return [holds('a verdict', false, stderr.slice(-400), 'JSON')];
        const { verdict, points, seconds, machine } = JSON.parse(stdout) as Report;
        lab.progress(`verify-qemu: first boot ${seconds.firstBoot} s, in all ${seconds.total} s`);
        return [
          is('exit code', code, 0),
          is('verdict', verdict, 'ok'),
          is('access', machine.access, 'inside and outside'),
          ...points.map(({ group, name, status, required, seen, expected }) => {
            const ok = status === 'ok' || (status === 'not judged' && !required);
            return holds(`${group}: ${name}`, ok, seen, expected);
          }),
        ];
      }),
    );
    tell(
      await timed('afterwards', async () => {
        const machines = join(cache, 'gen-cloudinit/machines');
        const left = existsSync(machines) ? (await readdir(machines)).join(' ') : 'no folder of machines';
        return [is('folders of machines', left, '')];
      }),
    );
  },
};
