import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_PROFILE, PROFILES, packagesOf, profileNamed, unnamed, wrongPackages } from './profiles';

const test = suite('profiles of the lab');

/** A status file as dpkg keeps it, of packages with further fields. */
const status = (packages: Record<string, string>): string =>
  Object.entries(packages)
    .map(([name, more]) => `Package: ${name}\nStatus: install ok installed\n${more}`)
    .join('\n\n');

const image = {
  apt: 'Depends: sqv (>= 1.3.0), libapt',
  libapt: 'Architecture: amd64',
  sqv: 'Architecture: amd64',
  bash: 'Essential: yes\nPre-Depends: libc6 (>= 2.38)',
  libc6: 'Architecture: amd64',
  'cloud-init': 'Depends: dhcpcd-base | udhcpc, python3:any, mail-agent',
  udhcpc: 'Architecture: amd64',
  python3: 'Architecture: amd64',
  postfix: 'Provides: mail-agent (= 1)',
};

test('named packages, essential ones and their dependencies are accepted', () => {
  assert.equal(unnamed(['cloud-init'], status(image)), []);
});

test('a package that nothing named depends on is found, with its own dependencies', () => {
  const more = { ...image, gnupg: 'Depends: gpg (>= 2.2), bash', gpg: 'Depends: libc6' };
  assert.equal(unnamed(['cloud-init'], status(more)), ['gnupg', 'gpg']);
  assert.equal(unnamed(['cloud-init', 'gpg'], status(more)), ['gnupg']);
});

test('a package that is only recommended, or one alternative too many, is found', () => {
  const recommended = { ...image, python3: 'Recommends: rsyslog', rsyslog: 'Architecture: amd64' };
  assert.equal(unnamed(['cloud-init'], status(recommended)), ['rsyslog']);
  assert.equal(unnamed(['cloud-init'], status({ ...image, 'dhcpcd-base': 'Architecture: amd64' })), [
    'udhcpc',
  ]);
});

test('a removed package that has left its settings does not count', () => {
  const removed = `${status(image)}\n\nPackage: gnupg\nStatus: deinstall ok config-files\nDepends: gpg`;
  assert.equal(unnamed(['cloud-init'], removed), []);
  assert.equal(wrongPackages({ packages: [], without: ['gnupg'] }, removed), []);
});

test('a package that the image has must be there, one that it lacks must not', () => {
  const profile = { packages: [{ source: 'a manifest', names: ['curl', 'sqv'] }], without: ['gpg', 'libc6'] };
  assert.equal(wrongPackages(profile, status(image)), ['curl', 'libc6']);
});

test('every profile names its sources, and nothing that its image does not have', () => {
  for (const profile of PROFILES) {
    for (const { source, names } of profile.packages) {
      assert.ok(source.length > 20 && names.length > 0, profile.name);
      assert.ok(
        names.every((name) => /^[a-z0-9][a-z0-9.+-]+$/.test(name)),
        `${profile.name}: ${names}`,
      );
    }
    const both = packagesOf(profile).filter((name) => profile.without.includes(name));
    assert.equal(both, [], profile.name);
  }
});

test('a profile is found by its name, and the error for an unknown name lists all profiles', () => {
  assert.is(profileNamed(DEFAULT_PROFILE).name, DEFAULT_PROFILE);
  assert.throws(
    () => profileNamed('ubuntu-22.04'),
    /ubuntu-24\.04, ubuntu-26\.04, debian-12, debian-13, oracle/,
  );
});

test.run();
