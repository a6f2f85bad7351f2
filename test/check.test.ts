import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkReport } from '../src/commands/check';
import { check, checkDocument } from '../src/commands/check-document';
import type { Diagnostic } from '../src/diagnostics/diagnostic';
import { hasErrors } from '../src/diagnostics/diagnostic';
import { InputError, readGiven } from '../src/system/input';

const test = suite('check');
const PATH = process.env.PATH;
const document = (body: string) => new TextEncoder().encode(`#cloud-config\n${body}`);

let bin = '';
test.before.each(() => {
  bin = mkdtempSync(join(tmpdir(), 'check-'));
  for (const shell of ['sh', 'bash', 'cat']) symlinkSync(`/bin/${shell}`, join(bin, shell));
  process.env.PATH = bin;
});
test.after.each(() => {
  process.env.PATH = PATH;
  rmSync(bin, { recursive: true, force: true });
});

/** A cloud-init with given answers: one for the document, and one for the probe that it must refuse. */
function cloudInit(script: string): void {
  writeFileSync(join(bin, 'cloud-init'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'cloud-init'), 0o755);
}

const of = (found: readonly Diagnostic[], code: string) =>
  found.filter((diagnostic) => diagnostic.code === code);
const REFUSES_PROBE = 'case "$(cat "$3")" in *"runcmd: 1"*) exit 1 ;; esac';

test('shell syntax of runcmd, of files by their first line, of a bash script in sh words', async () => {
  const found = await check(
    document(`write_files:
  - path: /usr/local/bin/a
    content: |
      #!/bin/bash -e
      names=(a b)
      if true; then
      done
  - path: /b.sh
    content: |
      while true; do
  - path: /c.py
    content: |
      #!/usr/bin/env python3
      if True:
runcmd:
  - set -e
  - |
    ls
    fi
  - [echo, "it's fine ("]
`),
  );
  assert.equal(
    of(found, 'shell-syntax').map(({ line, path }) => [line, path]),
    [
      [8, 'write_files[0].content'],
      [11, 'write_files[1].content'],
      [20, 'runcmd[1]'],
    ],
  );
  assert.ok(hasErrors(found));
});

test('the text of a line with a fault is not repeated', async () => {
  const found = await check(
    document('write_files:\n  - path: /a.sh\n    content: |\n      #!/bin/bash\n      fi TOKEN=abcdef\n'),
  );
  assert.is(of(found, 'shell-syntax')[0]?.line, 6);
  assert.not.match(JSON.stringify(found), /abcdef/);
});

test('no report shows a password, wherever it stands', async () => {
  const secret = 'Zq7hunter2';
  for (const body of [
    `runcmd:\n- apt-get install x && mysql -u root -p${secret}\n`,
    `runcmd:\n- export DB_PASS=${secret} && apt install x\n`,
    `runcmd:\n- echo "root:${secret}" | chpasswd && apt install x\n`,
    `runcmd:\n- curl -u admin:${secret} https://a.example.org | [[ x ]]\n`,
    `runcmd:\n- [app, --admin-pw, "${secret}", '|', x]\n`,
    `runcmd:\n- PW='${secret}\n`,
    `pasword: ${secret}\n`,
    `password: !${secret}\n`,
    `wifi: {psk: ${secret}}\n`,
    `ssh_keys:\n  rsa_priv: ${secret}\n`,
    `password: >\n${secret}\n`,
    `rh_subscription: {activation_key: ${secret}, user: a}\n`,
    `write_files:\n- path: /k\n  content: |\n    -----BEGIN PRIVATE KEY-----\n ${secret}\n`,
  ]) {
    const checked = await checkDocument('a.yaml', document(body), {}, []);
    assert.ok(checked.diagnostics.some(({ severity }) => severity !== 'info'));
    assert.not.match(JSON.stringify(checked.diagnostics), /hunter2/, body);
  }
});

test('a script as user data is checked too', async () => {
  const found = await check(new TextEncoder().encode('#!/bin/sh\nls\nfi\n'));
  assert.is(of(found, 'shell-syntax')[0]?.line, 3);
  assert.equal(of(found, 'cloud-init-schema'), []);
});

test('a quote that is never closed is reported where it opens', async () => {
  const lines = async (text: string) =>
    of(await check(new TextEncoder().encode(text)), 'shell-syntax').map(({ line }) => line);
  assert.equal(await lines('#cloud-config\nruncmd:\n- echo it\'s\n- echo b\n- echo "c"\n'), [3]);
  assert.equal(await lines('#cloud-config\nruncmd:\n- echo a\n- echo "b\n- echo "c"\n'), [4]);
  assert.equal(await lines('#!/bin/sh\necho "a\necho "b"\necho "c"\n'), [2]);
  assert.equal(await lines('#!/bin/bash\necho a\necho "b\necho c\n'), [3]);
  assert.equal(await lines('#!/bin/sh\na="1\n2"\necho \'b\n'), [4]);
});

test('it reports tools that are not installed', async () => {
  rmSync(join(bin, 'sh'));
  const found = await check(document('runcmd: [ls]\n'));
  assert.is(of(found, 'shell-syntax-unchecked')[0]?.severity, 'info');
  assert.is(of(found, 'cloud-init-schema')[0]?.severity, 'info');
  assert.match(of(found, 'cloud-init-schema')[0]?.message ?? '', /not installed/);
  assert.not.ok(hasErrors(found));
});

test("cloud-init's own words become errors and warnings at their lines (26.2)", async () => {
  cloudInit(`echo "Cloud config schema deprecations: apt_update:  Deprecated in version 22.2."
echo "Invalid user-data $3"
echo "Error: Cloud config schema errors: runcmd.1.1: 5 is not of type 'string', write_files.0: Additional properties are not allowed ('a, b: c' was unexpected), apt.sources.a.list: 1 is wrong" >&2
echo "Error: Invalid schema: user-data" >&2
exit 1`);
  const found = of(
    await check(
      document(
        'apt_update: true\nruncmd:\n  - ls\n  - [sleep, "5"]\nwrite_files:\n  - path: /a\napt: {sources: {a.list: {}}}\n',
      ),
    ),
    'cloud-init-schema',
  );
  assert.equal(
    found.map(({ severity, line, path }) => [severity, line, path]),
    [
      ['warning', 2, 'apt_update'],
      ['error', 5, 'runcmd[1][1]'],
      ['error', 7, 'write_files[0]'],
      ['error', 8, 'apt.sources.a.list'],
    ],
  );
});

test('a message of cloud-init repeats no value, and a fault is reported once', async () => {
  cloudInit(`cat >&2 <<'END'
Error: Cloud config schema errors: users.0: Additional properties are not allowed ('home' was unexpected), users.0: {'name': 'alice', 'home': '/srv', 'plain_text_passwd': 'sword, fish'} is not of type 'array', users.0: {'name': 'alice', 'plain_text_passwd': 'sword, fish'} is not of type 'string', hostname: 'sword fish' is not one of ['a', 'b'], timezone: 'swordfish is too long' is not of type 'integer'
END
exit 1`);
  const found = of(
    await check(document('users:\n  - {name: alice}\nhostname: a\ntimezone: Europe/Berlin\n')),
    'cloud-init-schema',
  );
  assert.equal(
    found.map(({ path, message }) => [path, message]),
    [
      ['users[0]', "Additional properties are not allowed ('home' was unexpected)"],
      ['hostname', "The value is not one of ['a', 'b']"],
      ['timezone', "The value is not of type 'integer'"],
    ],
  );
});

test('22.4 says the same in other words', async () => {
  cloudInit(`printf 'Error:\\nCloud config schema errors: format-l1.c1: File None needs to begin with "#cloud-config"\\n\\n' >&2
exit 1`);
  const [found] = of(await check(document('hostname: a\n')), 'cloud-init-schema');
  assert.is(found?.severity, 'error');
  assert.match(found?.message ?? '', /needs to begin/);
});

test('valid only when cloud-init says so and would refuse a wrong document', async () => {
  const after = async (script: string) => {
    cloudInit(script);
    return of(await check(gzipSync('#cloud-config\nhostname: a\n')), 'cloud-init-schema').map(
      ({ severity }) => severity,
    );
  };
  assert.equal(await after(`${REFUSES_PROBE}; echo "Valid schema $3"`), []);
  assert.equal(await after(`${REFUSES_PROBE}; echo "Valid cloud-config: $3"`), []);
  assert.equal(await after('echo "Valid cloud-config: $3"'), ['warning'], 'calls everything valid');
  assert.equal(await after('echo "Skipping user-data schema validation. Jsonschema dependency missing."'), [
    'warning',
  ]);
  assert.equal(await after('echo "Traceback" >&2; exit 3'), ['error']);
  assert.equal(await after('kill -9 $$'), ['error']);
});

test('cloud-init gets the plain document in a private file, which is gone afterwards', async () => {
  const seen = join(bin, 'seen');
  cloudInit(`${REFUSES_PROBE}; cat "$3" > ${seen}; echo "$1 $2 $3" >> ${seen}; echo "Valid schema $3"`);
  await check(gzipSync('#cloud-config\nhostname: a\n'));
  const [, file = ''] =
    /^#cloud-config\nhostname: a\nschema -c (\S+\/user-data)\n$/.exec(readFileSync(seen, 'utf8')) ?? [];
  assert.match(file, /^\//);
  assert.not(existsSync(dirname(file)));
});

test('the report: place, message, what to do, and a count', async () => {
  const given = document('write_files:\n  - path: /a\n    owner: "991:991"\n');
  const report = checkReport([await checkDocument('user-data\u001b.yaml', given, {}, [])]);
  assert.match(
    report,
    /^user-data\\x1b\.yaml:4:12: error: write_files\[0\]\.owner: .* \[owner-numeric\]\n {2}4 \| {5}owner: "991:991"\n {4}\| {12}\^$/m,
  );
  assert.match(report, /^ {4}given: {4}991:991$/m);
  assert.match(report, /^ {4}hint: {5}Write root:root/m);
  assert.match(report, /\d+ errors?, \d+ warnings?, \d+ notes?$/);
});

test('a file that cannot be read is a mistake in the request', async () => {
  for (const file of [join(bin, 'nothing'), bin]) {
    const error = await readGiven(file).catch((cause: unknown) => cause);
    assert.instance(error, InputError);
    assert.match((error as Error).message, /cannot be read/);
  }
  writeFileSync(join(bin, 'empty'), '');
  assert.match(String(await readGiven(join(bin, 'empty')).catch(String)), /is empty/);
  writeFileSync(join(bin, 'full'), 'a');
  assert.equal(Buffer.from(await readGiven(join(bin, 'full'))).toString(), 'a');
});

test('a message of cloud-init repeats no value that holds a password', async () => {
  const said =
    "Invalid user-data\nError: Cloud config schema errors: users.0: {'name': 'alice', 'plain_text_passwd': 'swordfish'} is not valid under any of the given schemas, password: 'swordfish2' is not of type 'integer'\n";
  const tools = {
    syntax: async () => undefined,
    schema: async () => ({ code: 1, stdout: '', stderr: said }),
  };
  const found = await check(
    new TextEncoder().encode(
      '#cloud-config\nusers:\n- {name: alice, plain_text_passwd: swordfish}\npassword: swordfish2\n',
    ),
    {},
    tools,
  );
  const messages = found.filter(({ code }) => code === 'cloud-init-schema').map(({ message }) => message);
  assert.equal(messages, [
    'The value is not valid under any of the given schemas',
    "The value is not of type 'integer'",
  ]);
  assert.not.ok(JSON.stringify(found).includes('swordfish'));
});
test.run();
