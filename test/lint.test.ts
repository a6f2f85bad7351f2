import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lint } from '../src/cloudinit/lint/lint';

const bytes = (text: string) => new TextEncoder().encode(text);

/** The expected code and line, then the document without its header (which is line 1). */
type Case = readonly [code: string, line: number, body: string];
const file = (...lines: string[]) =>
  `write_files:\n  - path: /etc/a\n${lines.map((line) => `    ${line}\n`).join('')}`;
const named = (path: string, ...lines: string[]) => file(...lines).replace('/etc/a', path);
const apt = (...lines: string[]) =>
  `apt:\n  sources:\n    a:\n${lines.map((line) => `      ${line}\n`).join('')}`;
const KEY = 'key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\nAA\\n-----END PGP PUBLIC KEY BLOCK-----\\n"';
const SIGNED = 'source: deb [signed-by=$KEY_FILE] https://apt.example.org $RELEASE main';
const RANDOM = 'kX9mQ2vL7pR4tZ8w';

const FAMILIES: Record<string, readonly Case[]> = {
  yaml: [
    ['yaml-syntax', 3, 'a: 1\nb: [1]]\n'],
    ['yaml-tab', 3, 'packages:\n\t- a\n'],
    ['yaml-tab', 3, 'packages: [a,\n  \tb]\n'],
    ['yaml-tab', 2, 'hostname:\ta\n'],
    ['yaml-tab', 2, 'final_message: a\tb\n'],
    ['yaml-flow', 2, 'packages: [a?b]\n'],
    ['yaml-anchor', 2, 'packages: &a.b [a]\n'],
    ['yaml-key', 2, ': a\n'],
    ['yaml-duplicate-key', 3, 'hostname: a\nhostname: b\n'],
    ['yaml-duplicate-key', 4, 'apt:\n  conf: a\n  "conf": b\n'],
    ['yaml-documents', 3, 'hostname: a\n---\nhostname: b\n'],
    ['yaml-not-a-map', 2, '- hostname\n'],
    ['yaml-not-a-map', 1, ''],
    ['yaml-key', 2, 'hostname: {{ name }}\n'],
    ['yaml-tag', 2, 'hostname: !secret a\n'],
    ['yaml-character', 3, 'hostname: a\n# \u0000 \n'],
    ['yaml-character', 3, 'hostname: a\n# \u009b \n'],
    ['yaml-line-end', 2, 'final_message: "a\u2028b"\n'],
    ['yaml11-refused', 2, 'hostname: <<\n'],
    ['yaml11-refused', 2, 'hostname: =\n'],
    ['yaml11-refused', 2, 'hostname: 0x_\n'],
    ['yaml11-refused', 2, 'hostname: 2024-02-30\n'],
    ...['yes', 'Off', '22:22', '1:30.5', '1_000', '0755', '0b1', '2024-12-31', '0b11', '12:30:45'].map(
      (scalar): Case => ['yaml11-scalar', 2, `final_message: ${scalar}\n`],
    ),
    ['yaml11-scalar', 2, 'launch-index: 1e3\n'],
    ['yaml11-scalar', 3, 'disk_setup:\n  on: {}\n'],
    ['multipass-type', 4, file("permissions: '0644'")],
    ...["'yes'", '"12345"', "'1.20'", "'2024-01-01'", "'1_000'", "'0'", '|-\n  on', "'.5'"].map(
      (scalar): Case => ['multipass-type', 2, `final_message: ${scalar}\n`],
    ),
  ],
  text: [
    ['non-ascii', 2, 'final_message: "\u00fc"\n'],
    ['mime-trap', 3, 'final_message: |\n  Mime-Version: 1.0\n'],
    ['crlf', 2, 'hostname: a\r\n'],
  ],
  keys: [
    ['unknown-key', 2, 'write-file: []\n'],
    ['unknown-key', 2, 'pacakges: [a]\n'],
    ['unknown-key', 4, file("mode: '0644'")],
    ['unknown-key', 5, apt('keyfile: a')],
    ['deprecated-key', 2, 'apt_upgrade: true\n'],
    ['empty-key', 2, 'runcmd:\n'],
    ['type', 2, 'runcmd: echo a\n'],
    ['type', 2, 'packages: nginx\n'],
    ['type', 2, 'package_update: "true"\n'],
    ['type', 2, 'hostname: 12\n'],
    ['type', 2, 'write_files: {path: /a}\n'],
    ['type', 3, 'users:\n  - 5\n'],
    ['type', 4, file('content: 12')],
    ['type', 4, file('owner: 12')],
    ['value', 2, 'power_state: {mode: off-now}\n'],
  ],
  files: [
    ['owner-numeric', 4, file("owner: '991:991'")],
    ['owner-numeric', 4, file('owner: root:991')],
    ['owner-unknown', 4, file('owner: synapse:synapse')],
    ['owner-too-early', 5, `users: [{name: bob}]\n${file('owner: bob')}`],
    ['permissions-number', 4, file('permissions: 0644')],
    ['permissions-number', 4, file('permissions: 644')],
    ['permissions-format', 4, file('permissions: u=rw')],
    ['permissions-format', 4, file("permissions: '0u644'")],
    ['permissions-format', 4, file("permissions: '0888'")],
    ['permissions-range', 4, file("permissions: '010644'")],
    ['permissions-special', 4, file("permissions: '4755'")],
    ['path-missing', 3, 'write_files:\n  - content: a\n'],
    ['path-relative', 3, named('etc/a')],
    ['path-directory', 3, named('/etc/a/')],
    ['path-tmp', 3, named('/tmp/a')],
    ['path-null', 3, named('"/a\\0b"')],
    ['path-dots', 3, named('/a/../b')],
    ['path-duplicate', 4, `${named('/etc/a')}  - path: /etc/./a\n`],
    ['path-below-mount', 4, `mounts: [[vdb, /data]]\n${named('/data/a')}`],
    ['encoding-unknown', 4, file('encoding: b65', 'content: a')],
    ['content-decode', 5, file('encoding: b64', 'content: a')],
    ['content-decode', 5, file('encoding: b64', 'content: YW!I=')],
    ['content-decode', 5, file('encoding: gz+b64', 'content: aGVsbG8=')],
    ['content-decode', 5, file('encoding: gz', 'content: hello')],
    ['file-yaml', 6, named('/a.yml', 'content: |', '  a: 1', '  b: ]')],
    ['file-yaml-duplicate-key', 6, named('/a.yaml', 'content: |', '  a: 1', '  a: 1')],
    ['file-json', 6, named('/a.json', 'content: |', '  {"a": 1,', '   "b": 2,}')],
    ['file-json', 5, named('/a.json', 'content: |', '  {"a": 1,', '  }')],
    ['file-json', 6, named('/a.json', 'content: |', '  [1,', '   2,', '  ]')],
    ['crlf-script', 4, file('content: "#!/bin/sh\\r\\nls\\r\\n"')],
  ],
  commands: [
    ['runcmd-no-set-e', 3, 'runcmd:\n  - ls\n  - ls\n'],
    ['runcmd-no-set-e', 3, 'runcmd:\n  - "# set -e"\n  - ls\n  - ls\n'],
    ['runcmd-no-set-e', 4, 'runcmd:\n  - |\n    ls\n    ls\n'],
    ['cloud-init-wait', 4, 'runcmd:\n  - set -e\n  - cloud-init status --wait\n'],
    ['cloud-init-wait', 3, 'bootcmd:\n  - [cloud-init, status, --long, --wait]\n'],
    ['cloud-init-wait', 5, `${named('/a.sh', 'content: |', '  cloud-init status --wait')}runcmd: [/a.sh]\n`],
    ['type', 3, 'runcmd:\n  - 5\n'],
    ['type', 3, 'runcmd:\n  - [sleep, 5]\n'],
    ['type', 3, 'runcmd:\n  - echo done: yes\n'],
    ['command-word', 3, 'runcmd:\n  - [echo, [a]]\n'],
    ['command-word', 3, 'runcmd:\n  - ["ls -l /"]\n'],
    ['command-word', 3, 'bootcmd:\n  - ["/bin/ls -l", /]\n'],
    ['shell-syntax', 4, 'runcmd:\n  - |\n    cat > /a <<EOF\n    b\n      EOF\n    ls\n'],
    ['shell-syntax', 4, 'runcmd:\n  - |\n    cat > /a <<-"EOF"\n    b\n    EOF \n    ls\n'],
    ['command-operator', 3, 'runcmd:\n  - [ls, "|", wc]\n'],
    ['command-expansion', 3, 'runcmd:\n  - [ls, $HOME]\n'],
    ...[
      'if [[ -f /a ]]; then ls; fi',
      'set -euo pipefail',
      'names=(a b)',
      'ls &> /dev/null',
      'cat <<< a',
      'diff <(ls) /a',
      'echo {1..3}',
      'source /etc/os-release',
      `echo "\${HOME//a/b}"`,
      `echo "\${!HOME}"`,
      'function go { ls; }',
      '[ a == a ]',
      'a+=b',
      'echo -e a',
      'while ((i < 3)); do ls; done',
      'echo $RANDOM',
    ].map((line): Case => ['bashism', 4, `runcmd:\n  - |\n    ${line}\n`]),
    ['bashism', 6, file('content: |', '  #!/bin/sh', '  source /a')],
  ],
  apt: [
    ['apt-variable', 5, apt('source: deb https://apt.example.org $CODENAME main')],
    ['apt-variable', 5, apt(`source: deb [signed-by=\${KEY_FILE}] https://apt.example.org a main`, KEY)],
    ['apt-key-missing', 5, apt(SIGNED)],
    ['apt-command', 5, apt('source: deb [arch=$(dpkg --print-architecture)] https://apt.example.org a main')],
    ['apt-deb822', 5, apt('source: "Types: deb\\nURIs: https://apt.example.org\\n"')],
    ['apt-key-format', 6, apt(SIGNED, 'key: abc')],
    ['apt-key-format', 6, apt(SIGNED, KEY.replace('\\n\\n', '\\n'))],
    ['apt-key-network', 6, apt(SIGNED, 'keyid: ABCD')],
    ['apt-key-for-all', 6, apt('source: deb https://apt.example.org a main', KEY)],
  ],
  secrets: [
    ['secret', 4, file('content: "-----BEGIN OPENSSH PRIVATE KEY-----\\n"', "permissions: '0600'")],
    ['secret', 2, `# AKIAIOSFODNN7EXAMPL3\nhostname: a\n`],
    ['secret', 6, file("permissions: '0600'", 'content: |', `  DB_PASSWORD=${RANDOM}`)],
    ['secret', 5, file("permissions: '0600'", `content: '{"token": "${RANDOM}"}'`)],
    ['secret', 2, `# postgres://synapse:${RANDOM}@db/synapse\n`],
    ['secret', 6, file('encoding: b64', "permissions: '0600'", `content: ${btoa(`secret: ${RANDOM}`)}`)],
    ['secret-world-readable', 4, file("permissions: '0644'", `content: "token=${RANDOM}"`)],
    ['secret-world-readable', 3, named('/root/.ssh/id_ed25519', 'content: a')],
    ['secret-password', 2, 'password: a\n'],
    ['secret-password', 3, 'users:\n  - {name: bob, hashed_passwd: $6$salt$hash}\n'],
    ['secret-password', 2, 'chpasswd: {users: [{name: bob, password: hunter2}]}\n'],
  ],
};

for (const [family, cases] of Object.entries(FAMILIES)) {
  const test = suite(`lint ${family}`);
  for (const [code, line, body] of cases) {
    test(`${code}: ${body.trim().split('\n').join(' / ')}`, () => {
      const found = lint(bytes(`#cloud-config\n${body}`), { strict: true, target: 'multipass' });
      const match = found.find((diagnostic) => diagnostic.code === code);
      assert.ok(match, `no ${code} but ${JSON.stringify(found)}`);
      assert.is(match.line, line, JSON.stringify(match));
      const shown = JSON.stringify(found);
      assert.not.ok(shown.includes(RANDOM) || shown.includes('$6$salt'), 'a secret is repeated');
    });
  }
  test.run();
}

const good = suite('lint: nothing to say');
const GOOD: readonly string[] = [
  'hostname: matrix\n',
  'final_message: "a\tb" # a\tb\nruncmd:\n  - |\n    cat <<-END\n    \ta\tb # c\n    \tEND\n',
  'package_update: yes\nlocale: no\n',
  file('permissions: 0o640'),
  `${file("permissions: '0o640'", 'owner: root:www-data', 'content: |', '  yes: [', '  on')}`,
  `${file('owner: nginx:nginx', 'defer: true', 'content: ""')}packages: [nginx]\n`,
  named('/a.yml', 'encoding: b64', `content: ${btoa('a: 1\n')}`),
  named('/a.json', 'content: |', '  {"a": [1, -2.5e3, true, null, "\\u00e4"]}'),
  apt(SIGNED, KEY),
  'runcmd:\n  - set -e\n  - ls\n  - [echo, it is]\n',
  'runcmd:\n  - [set, -eu]\n  - ls\n  - ls\n',
  "runcmd:\n  - |\n    set -eu\n    # [[ arrays=(a) ]]\n    echo '[[ $RANDOM ]]' <<'END'\n    source x\n    END\n    ls\n",
  'runcmd:\n  - bash -c "set -o pipefail; ls | wc"\n',
  'apt: &x {conf: a}\n',
  file("permissions: '0o600'", 'content: |', `  password: \${PASSWORD}`, '  token: $(cat /run/token)'),
  file('content: |', '  password_file: /run/secrets/db', '  secret_name: synapse-db'),
  'users:\n  - default\n  - {name: bob, lock_passwd: true, passwd: "*", ssh_authorized_keys: [ssh-ed25519 AAAA]}\n',
  `runcmd: ["ls 2>&1 >/dev/null; x=$((1 + 2)); echo \${x:-a} \${x#a} \${#x}"]\n`,
  `mounts: [[vdb, /data]]\n${named('/data/a', 'defer: true')}`,
];
for (const body of GOOD) {
  good(body.trim().split('\n').join(' / '), () => {
    assert.equal(lint(bytes(`#cloud-config\n${body}`)), []);
  });
}
good("a file's mode, of which multipass up to 1.16.3 makes a number, and how to write it", () => {
  const given = bytes(`#cloud-config\n${file("permissions: '0644'")}`);
  assert.equal(lint(given), [], 'nothing without that target');
  const found = lint(given, { target: 'multipass' });
  assert.equal(
    found.map(({ severity, message, hint }) => [severity, message, hint]),
    [
      [
        'info',
        'multipass up to 1.16.3 drops the quotes; there this text becomes int.',
        "'0o644' is the same to cloud-init, and text without quotes too.",
      ],
    ],
  );
});
good('our own documents: no error and no warning, and nothing that multipass would change', () => {
  for (const name of readdirSync('out').filter((entry) => entry.endsWith('.yaml'))) {
    const found = lint(readFileSync(`out/${name}`), { strict: true, target: 'multipass' });
    assert.equal(
      found.filter(({ severity, code }) => severity !== 'info' || code === 'multipass-type'),
      [],
      name,
    );
  }
});
good.run();
