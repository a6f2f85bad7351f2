// The command's own bake, as a user runs it: a virtual machine from the lab's disk image becomes an image, and verify
// boots the ordinary document on it, without repository and registry.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { BakedDisk } from '../../../src/bake/qemu';
import type { Report } from '../../../src/verify/report';
import { withoutDownloads } from '../baking';
import type { Lab } from '../lab';
import { ensureImage } from '../machines/image';
import { ensureRoot } from '../machines/roots';
import { contained, type Outcome, tryRun } from '../machines/run';
import type { Scenario } from '../scenario';
import { holds, is, timed } from '../verdict';

const folderName = 'bake-qemu';

/** The command in the network outside; contained, because the machines that it starts would outlive it. */
function command(lab: Lab, cache: string, words: readonly string[]): Promise<Outcome> {
  const argv = contained(lab.outside.command([process.execPath, resolve('dist/cli.js'), ...words]));
  const env = { ...(process.env as Record<string, string>), XDG_CACHE_HOME: cache };
  return tryRun(argv, { env, timeoutMs: 7_200_000 });
}

export const bakeQemu: Scenario = {
  name: 'bake-qemu',
  what: 'gen-cloudinit bake qemu makes an image that its audit passes; a server from it needs no download',
  servers: [],
  kind: 'qemu',
  onRequest: true,
  async run(lab, tell) {
    const { disk } = await ensureImage(await ensureRoot({ profile: lab.options.profile, flavour: 'qemu' }));
    const out = resolve(lab.options.out, folderName);
    const cache = resolve(lab.outside.folder, folderName);
    for (const folder of [out, cache]) await mkdir(folder, { recursive: true });
    const spec = { name: 'baked', host: 66, domain: 'baked.test' };
    const { 'acme-url': _authority, domain, ...recipe } = lab.documentOptions(spec);
    const flags = (given: Readonly<Record<string, string>>) =>
      Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);
    const file = join(cache, 'baked.qcow2');
    tell(
      await timed('bake qemu', async () => {
        const asked = { ...recipe, image: disk, output: file, 'time-limit': '90' };
        const { code, stdout, stderr } = await command(lab, cache, [
          'bake',
          'qemu',
          '--json',
          ...flags(asked),
        ]);
        await writeFile(join(out, 'bake.log'), stderr);
        if (code !== 0) return [holds('exit code', false, `${code}: ${stderr.slice(-400)}`, '0')];
        const baked = JSON.parse(stdout) as BakedDisk;
        lab.progress(`bake-qemu: ${Math.round(baked.seconds)} s, ${Math.round(baked.bytes / 2 ** 20)} MiB`);
        const sum = await tryRun(['sha256sum', '--check', `${file}.sha256`], { cwd: cache });
        return [
          is('sha256sum --check', sum.stdout.trim(), 'baked.qcow2: OK'),
          is(
            'images with a digest',
            Object.values(baked.holds.images).filter((one) => /^sha256:[0-9a-f]{64}$/.test(one)).length,
            4,
          ),
          is(
            'the description next to it',
            JSON.parse(await readFile(`${file}.json`, 'utf8')).sha256,
            baked.sha256,
          ),
        ];
      }),
    );
    if (!existsSync(file)) return;
    await withoutDownloads(lab, lab.outside, 'refused');
    tell(
      await timed('verify qemu', async () => {
        const asked = { ...recipe, domain: domain ?? '', image: file, 'save-to': out, 'time-limit': '90' };
        const { code, stdout, stderr } = await command(lab, cache, [
          'verify',
          'qemu',
          '--json',
          ...flags(asked),
        ]);
        await writeFile(join(out, 'verify.log'), stderr);
        await writeFile(join(out, 'report.json'), stdout);
        if (stdout === '') return [holds('a verdict', false, stderr.slice(-400), 'JSON')];
        const { verdict, points, seconds } = JSON.parse(stdout) as Report;
        lab.progress(`bake-qemu: first boot from the image ${seconds.firstBoot} s`);
        const bad = points
          .filter(({ status }) => status === 'failed')
          .map(({ name, seen }) => `${name}: ${seen}`);
        return [
          is('exit code', code, 0),
          is('verdict', verdict, 'ok'),
          is('failed points', bad.join('; '), ''),
        ];
      }),
    );
    const machines = join(cache, 'gen-cloudinit/machines');
    const left = existsSync(machines) ? await readdir(machines) : ['no folder of machines'];
    tell(await timed('afterwards', async () => [is('folders of machines', left.join(' '), '')]));
    await rm(file);
  },
};
