// Docker's five packages under Docker's own names, with Debian's builds of the same programs in them: as on a
// server, Debian's docker.io is not what is installed, and nothing but Docker's repository has to be reached.
import { chmod, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { sha256 } from './cache';
import { debField, downloadDebs } from './debian';
import { run } from './process';

interface DockerPackage {
  readonly name: string;
  /** Debian's packages whose files it takes; the first one gives the version. */
  readonly from: readonly string[];
  /** Their files that Docker's package does not have; manuals and completions are omitted in all. */
  readonly without?: readonly string[];
  readonly depends: readonly string[];
  /** Debian's packages with the same files. */
  readonly conflicts: readonly string[];
  /** Whether its installation enables and starts units. */
  readonly units?: true;
}

/** The package that holds /usr/bin/tini-static; it was split from tini after trixie. */
const tiniPackage = (suite: string): string => (suite === 'trixie' ? 'tini' : 'tini-static');

/**
 * The suite that a guest's programs come from: normally the guest's own. Debian 12's Docker is years behind Docker's own,
 * so it gets sid's programs, which are written in Go and run there too. runc needs a newer C library, so it is Debian 12's.
 */
const programsOf = (suite: string, name: string): string =>
  suite === 'bookworm' && name !== 'runc' ? 'sid' : suite;

/** Names, contents and relations as in Docker's repository (docs.docker.com/engine/install/debian/). */
const packages = (suite: string): readonly DockerPackage[] => [
  {
    name: 'docker-ce',
    from: ['docker.io', tiniPackage(programsOf(suite, 'tini'))],
    without: ['etc/init.d'],
    // passwd has groupadd, which the postinst calls
    depends: ['containerd.io', 'docker-ce-cli', 'iptables', 'libc6', 'libsystemd0', 'passwd'],
    conflicts: ['docker.io', 'docker'],
    units: true,
  },
  {
    name: 'docker-ce-cli',
    from: ['docker-cli'],
    depends: ['libc6'],
    conflicts: ['docker-cli'],
  },
  {
    name: 'containerd.io',
    from: ['containerd', 'runc'],
    depends: ['libc6', 'libseccomp2'],
    conflicts: ['containerd', 'runc'],
    units: true,
  },
  {
    name: 'docker-buildx-plugin',
    from: ['docker-buildx'],
    depends: ['libc6'],
    conflicts: ['docker-buildx'],
  },
  {
    name: 'docker-compose-plugin',
    from: ['docker-compose'],
    without: ['usr/bin/docker-compose'],
    depends: ['libc6'],
    conflicts: ['docker-compose'],
  },
];

const maintainerScripts = resolve('test/lab/world/packages/maintainer');

/** The inputs of the packages, for the cache key. */
export async function dockerPackagesInputs(suite: string): Promise<unknown> {
  const files = (await readdir(maintainerScripts)).sort();
  const scripts = files.map(async (file) => sha256(await readFile(join(maintainerScripts, file))));
  return [packages(suite), programsOf(suite, ''), byCloudInit, await Promise.all(scripts)];
}

/** The version of Docker's form, 5:28.5.2-1~debian~sid, from Debian's 28.5.2+dfsg4-5. */
const dockerVersion = (debian: string, suite: string): string => {
  const upstream = debian.replace(/^\d+:/, '').replace(/[-+~].*$/, '');
  return `5:${upstream}-1~debian~${suite}`;
};

async function build(spec: DockerPackage, suite: string, debs: ReadonlyMap<string, string>, folder: string) {
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'DEBIAN'), { recursive: true });
  for (const name of spec.from) await run(['dpkg-deb', '--extract', debs.get(name)!, tree]);
  for (const path of ['usr/share', ...(spec.without ?? [])])
    await rm(join(tree, path), { recursive: true, force: true });
  if (spec.name === 'docker-ce') {
    // Debian's docker-init is a link to tini; Docker's package has the program itself.
    await rm(join(tree, 'usr/bin/docker-init'), { force: true });
    await mkdir(join(tree, 'usr/libexec/docker'), { recursive: true });
    await cp(join(tree, 'usr/bin/tini-static'), join(tree, 'usr/libexec/docker/docker-init'));
    for (const name of ['tini', 'tini-static']) await rm(join(tree, 'usr/bin', name), { force: true });
    await symlink('../libexec/docker/docker-init', join(tree, 'usr/bin/docker-init'));
  }
  const version = dockerVersion(await debField(debs.get(spec.from[0]!)!, 'Version'), suite);
  const size = (await run(['du', '-sk', '--exclude=DEBIAN', tree])).split('\t')[0];
  const control = [
    `Package: ${spec.name}`,
    `Version: ${version}`,
    'Architecture: amd64',
    `Installed-Size: ${size}`, // KiB; apt compares it with the free space
    'Maintainer: lab <lab@example.org>',
    'Section: admin',
    'Priority: optional',
    `Depends: ${spec.depends.join(', ')}`,
    `Conflicts: ${spec.conflicts.join(', ')}`,
    `Replaces: ${spec.conflicts.join(', ')}`,
    `Description: ${spec.from.join(' and ')} of Debian ${suite} in the shape of Docker's ${spec.name}`,
  ];
  await writeFile(join(tree, 'DEBIAN/control'), `${control.join('\n')}\n`);
  if (spec.units) {
    for (const script of await readdir(maintainerScripts)) {
      await cp(join(maintainerScripts, script), join(tree, 'DEBIAN', script));
      await chmod(join(tree, 'DEBIAN', script), 0o755);
    }
  }
  const etc = await readdir(join(tree, 'etc'), { recursive: true, withFileTypes: true }).catch(() => []);
  const conffiles = etc
    .filter((f) => f.isFile())
    .map((f) => `${join(f.parentPath, f.name).slice(tree.length)}\n`);
  if (conffiles.length > 0) await writeFile(join(tree, 'DEBIAN/conffiles'), conffiles.join(''));
  const deb = join(dirname(folder), `${spec.name}_${version.slice(2)}_amd64.deb`);
  await run(['dpkg-deb', '--root-owner-group', '-Zzstd', '-z3', '--build', tree, deb]);
  await rm(folder, { recursive: true });
}

/** Packages that cloud-init installs if they are missing and its user data contains a key for apt (cc_apt_configure). */
const byCloudInit = ['gnupg'];

/**
 * Builds the five packages, and downloads all their dependencies, down to libc6. The guest's apt skips those that are
 * installed.
 * @param suite the guest's Debian suite, which gives the programs.
 * @param extra further packages of that suite that its archive offers, besides what cloud-init may install.
 * @param folder receives the .deb files of Docker's packages.
 * @param archive receives those of the distribution.
 */
export async function buildDockerPackages(
  suite: string,
  extra: readonly string[],
  folder: string,
  archive: string,
): Promise<void> {
  const sources = join(folder, 'debian');
  await mkdir(sources);
  const debs = new Map<string, string>();
  const specs = packages(suite);
  const names = specs.flatMap((spec) => spec.from);
  for (const from of new Set(names.map((name) => programsOf(suite, name)))) {
    const theirs = names.filter((name) => programsOf(suite, name) === from);
    for (const file of await downloadDebs(from, theirs, sources, false))
      debs.set(await debField(file, 'Package'), file);
  }
  for (const spec of specs) await build(spec, suite, debs, join(folder, spec.name));
  await rm(sources, { recursive: true });
  const own = new Set(specs.map((spec) => spec.name));
  const needed = new Set(specs.flatMap((spec) => spec.depends).filter((name) => !own.has(name)));
  await downloadDebs(suite, [...needed, ...byCloudInit, ...extra], archive, true);
}
