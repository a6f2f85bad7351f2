// Judges the machine itself: it matches its profile, and has nothing extra that would make the first boot easier than on
// the published image.
import type { Profile } from '../machines/profiles';
import { type Root, wronglyPackaged } from '../machines/roots';
import { type Server, sh } from '../server';
import { holds, is, type Judgement, timed } from '../verdict';

/** The implementation behind each basic program; cp is GNU's in every profile. */
const programs = `for name in df install date cp; do $name --version | sed -n '1s/.*(\\(GNU\\|uutils\\) coreutils.*/\\1/p'; done`;

/** Judges the packages that a machine started with, and its own description in os-release. */
export async function judgeImage(profile: Profile, root: Root, server: Server): Promise<Judgement[]> {
  const packages = await timed('packages of the image', async () => {
    const [first = '', ...others] = root.packages;
    const blind = await wronglyPackaged(root.dir, { ...profile, without: [first] }, others);
    return [
      is(
        'unnamed, missing or forbidden',
        (await wronglyPackaged(root.dir, profile, root.packages)).join(', '),
        '',
      ),
      holds('a forbidden package is detected', blind.includes(first), blind.join(', '), first),
    ];
  });
  const image = await timed('image', async () => {
    const release = '. /etc/os-release; echo "$ID $VERSION_ID $VERSION_CODENAME"';
    const store = await sh(server, `docker info --format '{{json .DriverStatus}}'`);
    const containerd = store.includes('io.containerd.snapshotter.v1');
    const other = profile.uutils ? 'uutils' : 'GNU';
    const verifier = 'if [ -x /usr/lib/apt/methods/sqv ]; then echo sqv; else echo gpgv; fi';
    return [
      is(
        '/etc/os-release',
        (await sh(server, release)).trim(),
        `${profile.distro} ${profile.version} ${profile.codename}`,
      ),
      is(
        'df, install, date, cp',
        (await sh(server, programs)).trim().replaceAll('\n', ' '),
        `${other} ${other} ${other} GNU`,
      ),
      is("what verifies apt's signatures", (await sh(server, verifier)).trim(), profile.signatures),
      holds(
        "Docker's image store",
        containerd === (profile.imageStore === 'containerd'),
        store,
        profile.imageStore,
      ),
    ];
  });
  return [packages, image];
}
