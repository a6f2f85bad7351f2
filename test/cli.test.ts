import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Ajv from 'ajv';
import { load } from 'js-yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from './support/run';

/** The command as a user sees it: standard output, standard error, exit code, files. */
const cli = suite<{ dir: string }>('cli');
cli.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'gen-cloudinit-'));
});
cli.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }));

const DOMAIN = ['--domain', 'matrix.example.org', '--email', 'admin@matrix.example.net'];
const BARE = ['--domain', 'matrix.test'];

cli('the document goes to stdout, the report to stderr', () => {
  const { code, stdout, stderr } = run(BARE);
  assert.is(code, 0);
  assert.match(stdout, /^#cloud-config\n# gen-cloudinit [\d.]+: Matrix server matrix\.test\n/);
  assert.match(stderr, 'Users will be @name:matrix.test. This cannot be changed later.');
  assert.match(stderr, 'DNS, as soon as the server has its address');
  assert.match(stderr, /gen-cloudinit: \d+ bytes of yaml \(packed: /);
  assert.match(stderr, 'warning: --domain matrix.test is not a public name');
  assert.is(run([...BARE, '--quiet', '--tls', 'local-ca']).stderr, '');
});

cli('every mistake at once, nothing on stdout, exit 2', () => {
  const { code, stdout, stderr } = run([
    '--domain',
    'a b',
    '--base-dir',
    'data',
    '--frob',
    'x',
    '--tls',
    'staging',
    '--acme-url',
    'https://a.test',
  ]);
  assert.is(code, 2);
  assert.is(stdout, '');
  assert.is(
    stderr,
    [
      'error: --frob is not an option [unknown-option]',
      '    hint:     gen-cloudinit --help --full lists every option',
      'error: --domain has an invalid value [wrong-value]',
      '    given:    a b',
      '    expected: a DNS name such as matrix.example.org',
      '    hint:     only letters, digits and inner hyphens, separated by single dots',
      'error: --base-dir has an invalid value [wrong-value]',
      '    given:    data',
      '    expected: an absolute path such as /data/matrix',
      '    hint:     it begins with /',
      'error: --acme-url contradicts tls staging [contradiction]',
      '    expected: only one of acme-url and tls',
      '    hint:     omit one of them: acme-url names the certificate issuer, and tls staging names another one',
      'gen-cloudinit: nothing was done; gen-cloudinit --help shows the options',
      '',
    ].join('\n'),
  );
});

const VERIFY_TWICE = ['verify', 'qemu', ...BARE, ...'--image a --image b --save-to a --save-to b'.split(' ')];
const PROVIDERS = '--provider ec2 --provider gcp'.split(' ');

for (const [name, args, words] of [
  ['no option at all', [], 'error: --domain is required [missing-option]'],
  ['a flag without its value', ['--domain'], 'error: --domain needs a value [missing-value]'],
  ['a stray word', [...BARE, 'stray'], 'error: unexpected argument stray [stray-word]'],
  ['a kind of bake that is none', ['bake', 'qmeu'], 'qmeu'],
  ['a kind of sweep that is none', ['sweep', 'gcp'], 'gcp'],
  ['a kind of machine that is none', ['verify', 'qmeu', 'a.yaml'], 'qmeu'],
  ['a word that looks like a verb', ['Chekc'], 'did you mean check?'],
  ['a lone hyphen that nothing waits for', [...BARE, '-'], 'error: unexpected argument -'],
  ['a flag twice', ['--domain', 'a.test', '--domain', 'b.test'], 'was given more than once'],
  [
    'several flags twice, of a verb',
    VERIFY_TWICE,
    /--save-to was given more than once.*[\s\S]*--image was given more than once/,
  ],
  [
    'a flag twice that is an option elsewhere',
    ['check', ...PROVIDERS],
    '--provider was given more than once',
  ],
  ['a negated flag', [...BARE, '--no-tls'], 'no-tls is not an option'],
  ['a name of the prototype', [...BARE, '--__proto__', 'x'], 'not an option'],
] as const) {
  cli(`refused: ${name}`, () => {
    const { code, stdout, stderr } = run(args);
    assert.is(code, 2, stderr);
    assert.is(stdout, '');
    assert.match(stderr, words);
  });
}

const SIGNED = 'https://user:SECRET@host.example.org/m.tar.gz?X-Amz-Signature=SECRET';
for (const [name, args] of [
  ['a stray word', [...BARE, SIGNED]],
  ['a stray word of a verb', ['verify', 'qemu', 'a.yaml', SIGNED]],
  ['a verb that is none', ['bake', SIGNED]],
  ['the choice of an option', ['check', '--provider', SIGNED]],
  ['a flag that is none', [...BARE, `--${SIGNED}`]],
  ['the config file', ['--config', SIGNED]],
  ['a document', ['check', SIGNED]],
  ['a file whose content is used', [...BARE, '--docker-apt-key', SIGNED]],
  ['the server of the images', ['verify', 'qemu', ...BARE, '--image-server', SIGNED]],
  ['an image of multipass', ['verify', 'multipass', ...BARE, '--image', `${SIGNED} x`]],
  ['a time limit', ['verify', 'qemu', ...BARE, '--time-limit', SIGNED]],
  ['a region', ['sweep', 'ec2', '--region', SIGNED]],
  ['a run', ['sweep', 'ec2', '--run', SIGNED]],
  ['a name of an image', ['bake', 'ec2', '--name', SIGNED]],
  ['a mirror of a bake', ['bake', 'qemu', '--registry-mirror', SIGNED]],
] as const) {
  cli(`a secret of a URL is not repeated: ${name}`, () => {
    const { code, stdout, stderr } = run(args);
    assert.ok(code === 1 || code === 2, stderr);
    assert.not.match(stdout + stderr, 'SECRET');
  });
}

cli('no password and no private key is repeated, wherever it is put', ({ dir }) => {
  const marker = 'geheim9';
  const file = join(dir, 'wrong.yaml');
  const key = `-----BEGIN OPENSSH PRIVATE KEY-----\n${marker}\n`;
  writeFileSync(join(dir, 'key'), key);
  writeFileSync(join(dir, 'shadow'), `root:$6$salt$${marker}:1:0::\n`);
  for (const args of [
    [...BARE, `--ssh-key=${key}`],
    [...BARE, '--docker-apt-key', join(dir, 'key')],
    [...BARE, '--db-password', `-${marker}`],
    [...BARE, '--db-password', `--${marker}`],
    [...BARE, '--db-password', 'a', marker],
    [...BARE, `db-password=${marker}`],
    [...BARE, '--extra', join(dir, 'shadow')],
    ['--config', join(dir, 'shadow')],
  ]) {
    const { code, stdout, stderr } = run(args);
    assert.is(code, 2, stderr);
    assert.is(stdout, '');
    assert.not.match(stderr, marker);
  }
  for (const text of [
    `db-password: *${marker}`,
    `db-password: !${marker} x`,
    `db-password: [${marker}, b]`,
    `db-password: [${marker}]`,
  ]) {
    writeFileSync(file, `domain: a.test\n${text}\n`);
    const { code, stderr } = run(['--config', file]);
    assert.is(code, 2, stderr);
    assert.not.match(stderr, marker);
  }
});

cli('--output never names a file that the document is made from', ({ dir }) => {
  const file = join(dir, 'matrix.yaml');
  writeFileSync(file, 'domain: a.test\n');
  const { code, stderr } = run(['--config', file, '--output', `${dir}//./matrix.yaml`]);
  assert.is(code, 2);
  assert.match(stderr, '--output names a file that the document is made from');
  assert.is(readFileSync(file, 'utf8'), 'domain: a.test\n');
  // Both names are relative to the config file.
  writeFileSync(join(dir, 'extra.yaml'), 'packages: [htop]\n');
  writeFileSync(file, 'domain: a.test\nextra: extra.yaml\noutput: extra.yaml\n');
  assert.is(run(['--config', file]).code, 2);
  assert.is(readFileSync(join(dir, 'extra.yaml'), 'utf8'), 'packages: [htop]\n');
});

cli('options from a file; flags win; paths count from the file', ({ dir }) => {
  writeFileSync(join(dir, 'key.asc'), readFileSync('templates/server/docker.asc'));
  writeFileSync(
    join(dir, 'matrix.yaml'),
    'domain: a.test\nhealth-timeout: 90\nssh-key: []\ntls: staging\ndocker-apt-key: key.asc\n',
  );
  const { code, stdout, stderr } = run(['--config', join(dir, 'matrix.yaml'), '--tls', 'local-ca']);
  assert.is(code, 0, stderr);
  assert.match(stdout, 'HEALTH_TIMEOUT=90\n');
  assert.match(stdout, 'USE_LOCAL_CA=1\n');
  assert.is(
    stdout.replace(/USE_LOCAL_CA=1\n +LOCAL_CA_DIR=.*/, 'USE_LOCAL_CA=0'),
    run(['--domain', 'a.test', '--health-timeout', '90']).stdout,
  );
});

cli('mistakes of a config file name the file', ({ dir }) => {
  const file = join(dir, 'matrix.yaml');
  const refused = (text: string) => {
    writeFileSync(file, text);
    const { code, stdout, stderr } = run(['--config', file]);
    assert.is(code, 2, stderr);
    assert.is(stdout, '');
    return stderr;
  };
  assert.match(
    refused('domain: a b\n'),
    `${file}:1:9: error: domain has an invalid value [wrong-value]\n  1 | domain: a b\n    |         ^\n`,
  );
  assert.match(refused('domain: a.test\ndomian: b\n'), 'did you mean domain?');
  assert.match(refused('domain: a.test\ntimezone: 5\n'), 'expected: text');
  assert.match(refused('domain: [a.test\n'), /is not valid YAML: .*\n|:2:1/);
  assert.match(refused('domain: a.test\ndomain: b.test\n'), 'not valid YAML');
  assert.match(refused('- domain\n'), 'is not a mapping of options');
  assert.match(refused('domain: a.test\nemail: &a {b: *a}\n'), 'given:    {"b":{"b":{"b":');
  assert.match(refused('domain: a.test\ndb-password: 012345\n'), 'hint:     put it in quotes');
  // The domain of a file that cannot be read is unknown; a file with only comments has no domain.
  assert.not.match(refused('domain: [a.test\n'), 'domain is required');
  assert.match(refused('# domain: a.test\n\n'), 'domain is required');
  assert.match(run(['--config', join(dir, 'nothing.yaml')]).stderr, 'there is no such file');
  assert.match(run(['--config', dir]).stderr, 'it is a directory');
  assert.match(
    run([...BARE, '--docker-apt-key', join(dir, 'nothing.asc')]).stderr,
    '--docker-apt-key names a file that cannot be read',
  );
});

cli('a config file of nothing but line ends is read to its end', ({ dir }) => {
  const file = join(dir, 'long.yaml');
  // A search that restarted at each of them would take minutes.
  writeFileSync(file, `domain: matrix.test\n${'\n'.repeat(1_000_000)}`);
  assert.is(run(['--config', file, '--quiet']).code, 0);
});

cli('a backup over plain HTTP is a warning', () => {
  const { code, stderr } = run([...BARE, '--restore-from', 'http://backup.test/m.tar.gz?signature=secret']);
  assert.is(code, 0);
  assert.match(stderr, 'warning: --restore-from is fetched without TLS');
  assert.not.match(stderr, 'signature=');
});

cli('the schema agrees with what the command accepts', ({ dir }) => {
  const { code, stdout } = run(['schema']);
  assert.is(code, 0);
  const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(JSON.parse(stdout));
  for (const example of readdirSync('test/examples')) {
    assert.ok(validate(load(readFileSync(`test/examples/${example}`, 'utf8'))), example);
  }
  for (const wrong of [{ domain: 5 }, { frob: 1 }, { tls: 'no' }, { 'health-timeout': 'x' }])
    assert.not(validate(wrong));
  assert.ok(dir);
});

cli('--output writes whole files only, and a password for its owner alone', ({ dir }) => {
  const path = join(dir, 'user-data.yaml');
  writeFileSync(path, 'old');
  const { code, stdout } = run([...DOMAIN, '--output', path]);
  assert.is(code, 0);
  assert.is(stdout, '');
  assert.is(readFileSync(path, 'utf8'), run(DOMAIN).stdout);
  assert.equal(readdirSync(dir), ['user-data.yaml']);
  const secret = join(dir, 'secret.yaml');
  run([...DOMAIN, '--db-password', 'synapse', '--output', secret]);
  assert.is(statSync(secret).mode & 0o777, 0o600);
  assert.ok(run([...DOMAIN, '--output', path]).stderr.includes(`${path}: `));
  const nowhere = run([...DOMAIN, '--output', join(dir, 'no', 'such', 'dir')]);
  assert.is(nowhere.code, 1);
  assert.match(nowhere.stderr, /^gen-cloudinit: .*no such file or directory/m);
});

cli('--format: every form brings the same files, and inside gzip scripts are plain text', ({ dir }) => {
  const forms = ['yaml', 'base64'].map((form) => {
    const { stdout } = run([...DOMAIN, '--format', form]);
    const into = join(dir, form);
    assert.is(run(['extract', '-', into], stdout).code, 0);
    return { stdout, files: readdirSync(into, { recursive: true }).map(String).sort(), into };
  });
  const [plain, coded] = forms;
  assert.equal(plain?.files, coded?.files);
  const script = 'usr/local/sbin/matrixctl';
  const text = readFileSync(join(String(plain?.into), script), 'utf8');
  assert.is(readFileSync(join(String(coded?.into), script), 'utf8'), text);
  assert.match(gunzipSync(Buffer.from(coded?.stdout ?? '', 'base64')).toString(), '  set -euo pipefail\n');
});

cli('--provider refuses what the provider would, and names the largest parts', ({ dir }) => {
  const long = Array.from(
    { length: 900 },
    (_, i) => `ssh-ed25519 AAAA${'A'.repeat(64)} person-${i}@example.org`,
  );
  const file = join(dir, 'long.yaml');
  writeFileSync(file, JSON.stringify({ domain: 'matrix.test', 'ssh-key': long }));
  const { code, stdout, stderr } = run(['--config', file, '--provider', 'ec2']);
  assert.is(code, 2);
  assert.is(stdout, '');
  assert.match(stderr, /the document is too large for AWS EC2: \d+ of 16384 bytes/);
  assert.match(stderr, /the largest parts are SSH keys \(\d+\)/);
  const text = run([...BARE, '--provider', 'digitalocean', '--format', 'gzip']);
  assert.is(text.code, 2);
  assert.match(text.stderr, 'expected: format yaml');
  assert.is(run([...BARE, '--provider', 'ec2', '--quiet']).code, 0);
});

cli('the report: which providers accept the document, and the command for the provider', ({ dir }) => {
  const { stderr } = run(BARE);
  assert.match(stderr, /^gen-cloudinit: \d+ bytes of yaml \(packed: YAML with packed scripts\)$/m);
  assert.match(stderr, /^Accepted by DigitalOcean, Google Compute Engine/m);
  assert.match(stderr, /^Not accepted by AWS EC2, Hetzner Cloud.* \(--provider NAME /m);
  const file = join(dir, 'user-data');
  const ec2 = run([...BARE, '--provider', 'ec2', '--output', file]).stderr;
  assert.match(
    ec2,
    `Create the server: aws ec2 run-instances --instance-type t3.small --image-id IMAGE --security-group-ids GROUP --key-name KEY --user-data fileb://${file}\n`,
  );
  assert.match(ec2, 'user_data_base64');
  assert.match(
    ec2,
    "warning: --provider: AWS EC2 has no room for matrixctl's doctor, backup, restore and update",
  );
  const debian = run([...BARE, '--provider', 'hetzner', '--distro', 'debian']).stderr;
  assert.match(debian, '--image debian-13 --user-data-from-file user-data\n');
});

cli('delegation: the files for the other name', () => {
  const { stderr } = run(['--domain', 'matrix.example.org', '--server-name', 'example.org']);
  for (const line of [
    'https://example.org/.well-known/matrix/server',
    '{"m.server":"matrix.example.org:443"}',
    'https://example.org/.well-known/matrix/client',
    'Access-Control-Allow-Origin: *',
    '{"m.homeserver":{"base_url":"https://matrix.example.org"}}',
  ]) {
    assert.match(stderr, line);
  }
});

for (const [name, args] of [
  ['check with an unknown flag', ['check', '--frob']],
  ['check of no file', ['check', '/nonexistent/user-data.yaml']],
  ['show of a directory', ['show', '.']],
  ['extract without a directory', ['extract', 'out/default.yaml']],
  ['extract into a full directory', ['extract', 'out/default.yaml', 'src']],
  ['extract into an empty name', ['extract', 'out/default.yaml', '']],
  ['extract where no directory can be made', ['extract', 'out/default.yaml', '/proc/x']],
  ['an empty name of a document', ['check', '']],
  ['an unknown provider', ['check', 'out/default.yaml', '--provider', 'aws']],
] as const) {
  cli(`a wrong request: ${name}`, () => {
    const { code, stdout, stderr } = run(args);
    assert.is(code, 2, stderr);
    assert.is(stdout, '');
    assert.match(stderr, /^error: .+ \[[a-z-]+\]$/m);
  });
}

cli('a switch with a value is refused', () => {
  for (const word of ['--quiet=maybe', '--no-color=5', '--quiet=']) {
    const { code, stderr } = run([...DOMAIN, word]);
    assert.is(code, 2, word);
    assert.match(stderr, 'takes no value');
  }
  assert.is(run([...BARE, '--tls', 'local-ca', '--quiet=true']).stderr, '');
});

cli('-oFILE is -o FILE', ({ dir }) => {
  for (const words of [['-o', join(dir, 'a')], [`-o${join(dir, 'b')}`], [`-o=${join(dir, 'c')}`]])
    assert.is(run([...DOMAIN, ...words]).code, 0);
  assert.equal(readdirSync(dir).sort(), ['a', 'b', 'c']);
});

cli('--help has the options that most people need, --help --full has all', () => {
  const lines = (...words: string[]) => run([...words, '--help']).stdout.split('\n');
  assert.not.ok(lines().some((line) => line.includes('--acme-url')));
  assert.ok(lines('--full').some((line) => line.includes('--acme-url')));
  assert.not.ok(lines('verify', 'ec2').some((line) => /^ +--domain /.test(line)));
  assert.ok(lines('verify', 'ec2', '--full').some((line) => /^ +--domain /.test(line)));
  assert.ok(lines('bake', 'qemu').some((line) => line.includes('--synapse-image')));
  assert.match(run([...DOMAIN, '--full']).stderr, '--full is not an option');
});

cli('check, show and extract of what was generated', ({ dir }) => {
  const document = run([...BARE, '--provider', 'hetzner']).stdout;
  const checked = run(['check', '--provider', 'hetzner'], document);
  assert.is(checked.code, 0, checked.stdout);
  assert.match(checked.stdout, 'standard input: 0 errors, 0 warnings');
  const found = run(['check', '--json'], '#cloud-config\nwrite_files:\n- path: /a\n  owner: 991:991\n');
  assert.is(found.code, 1);
  assert.ok(
    JSON.parse(found.stdout).some(
      ({ severity, line }: { severity: string; line: number }) => severity === 'error' && line === 4,
    ),
  );
  assert.match(run(['show'], document).stdout, '/data/matrix/docker-compose.yml');
  assert.ok(JSON.parse(run(['show', '--json'], document).stdout).files.length >= 9);
  assert.is(run(['extract', '-', join(dir, 'files')], document).code, 0);
  assert.match(
    readFileSync(join(dir, 'files/usr/local/sbin/matrixctl'), 'utf8'),
    /^#!\/bin\/bash\n[\s\S]*set -euo pipefail\n/,
  );
});

cli('an unknown subcommand is an error, with the nearest one', () => {
  for (const [words, expected] of [
    [['verify', 'user-data.yaml'], 'verify needs one of multipass, qemu, ec2, not user-data.yaml'],
    [['verify', 'qmeu', 'x'], 'did you mean gen-cloudinit verify qemu?'],
    [['verify', 'qmeu', '--json'], 'did you mean gen-cloudinit verify qemu?'],
    [['bake', 'qem'], 'bake needs one of qemu, ec2, list, remove, not qem'],
    [['sweep', 'foo'], 'sweep needs ec2, not foo'],
    [['verify'], 'verify needs one of multipass, qemu, ec2'],
    [['bake'], 'bake needs one of qemu, ec2, list, remove'],
    [['sweep'], 'sweep needs ec2'],
  ] as const) {
    const { code, stdout, stderr } = run([...words]);
    assert.is(code, 2, words.join(' '));
    assert.is(stdout, '');
    assert.ok(stderr.includes(expected), stderr);
  }
  assert.match(run(['verify', '--help']).stdout, 'boot it on QEMU');
});

cli('--help, --version, completion', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.is(run(['--version']).stdout, `${version}\n`);
  // As npx and a link in PATH start it, also after a build that npm did not run.
  assert.is(execFileSync('dist/cli.js', ['--version'], { encoding: 'utf8' }), `${version}\n`);
  for (const verb of [[], ['schema'], ['check'], ['show'], ['extract']]) {
    const { code, stdout } = run([...verb, '--help']);
    assert.is(code, 0);
    assert.match(stdout, 'Examples:');
    for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
  }
  assert.match(run(['completion', 'bash']).stdout, 'gen-cloudinit');
  const completed = (...words: string[]) => run(['--complete', ...words]).stdout;
  assert.match(completed('--doma'), '--domain');
  assert.is(completed('--tls', 's'), 'staging\n');
  assert.is(completed('--output', ''), '');
  assert.match(completed('check', '--provider', 'hetz'), /^hetzner$/m);
  assert.match(completed(''), /^check$/m);
});

cli.run();
