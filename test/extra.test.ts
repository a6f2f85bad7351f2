import { load } from 'js-yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../src/cloudinit/compile';
import type { CloudConfig } from '../src/cloudinit/write/cloud-config';

/** The operator's own cloud-config in the document: `--extra FILE`. */
const extra = suite('extra');

async function made(text: string, more: Record<string, unknown> = {}) {
  const result = await compile(
    { domain: 'matrix.example.org', email: 'admin@matrix.test', extra: 'extra.yaml', ...more },
    () => text,
  );
  const config = result.deployment
    ? (load(Buffer.from(result.bytes).toString('latin1')) as CloudConfig & Record<string, unknown>)
    : undefined;
  return { ...result, config };
}

const plain = async () => {
  const { bytes } = (await compile(
    { domain: 'matrix.example.org', email: 'admin@matrix.test' },
    () => '',
  )) as { bytes: Uint8Array };
  return load(Buffer.from(bytes).toString('latin1')) as CloudConfig & Record<string, unknown>;
};

extra('keys that the document lacks are copied unchanged', async () => {
  const { config, diagnostics } = await made(
    '#cloud-config\nswap: {filename: /swap.img, size: 2147483648}\npackages: [htop, fail2ban]\n',
  );
  assert.equal(diagnostics, []);
  assert.equal(config?.swap, { filename: '/swap.img', size: 2147483648 });
  assert.equal(config?.packages, ['htop', 'fail2ban']);
  const { swap: _swap, packages: _packages, ...rest } = config as Record<string, unknown>;
  assert.equal(rest, await plain());
});

extra("lists are appended, and the operator's commands run after ours, free of our settings", async () => {
  const { config, diagnostics } = await made(
    [
      'write_files:',
      '- {path: /etc/motd, content: "hello\\n"}',
      'bootcmd: [echo early]',
      'runcmd:',
      '- echo late',
      '- [sh, -c, echo later]',
    ].join('\n'),
  );
  assert.equal(diagnostics, []);
  const ours = await plain();
  assert.equal(config?.write_files.slice(0, -1), ours.write_files);
  assert.is(config?.write_files.at(-1)?.path, '/etc/motd');
  assert.equal(config?.bootcmd, [...ours.bootcmd, 'echo early']);
  assert.equal(config?.runcmd, [
    ...ours.runcmd,
    ...['trap - EXIT', 'set +eu', 'exec 9>&-'],
    ...['echo late', ['sh', '-c', 'echo later'] as unknown as string],
  ]);
});

extra('keys are added to those of the command line', async () => {
  const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'E'.repeat(43)} alice@example.org`;
  const { config } = await made('ssh_authorized_keys: ["ssh-ed25519 AAAA bob"]', { 'ssh-key': key });
  assert.equal(config?.ssh_authorized_keys, [key, 'ssh-ed25519 AAAA bob']);
});

for (const [name, text, message] of [
  ['another time zone', 'timezone: UTC', /timezone contradicts/],
  [
    'a file of ours',
    'write_files: [{path: /etc/gen-cloudinit.env, content: x}]',
    /writes \/etc\/gen-cloudinit\.env/,
  ],
] as const) {
  extra(`a contradiction is refused: ${name}`, async () => {
    const { deployment, diagnostics } = await made(text, { timezone: 'Europe/Berlin' });
    assert.is(deployment, undefined);
    assert.is(diagnostics.length, 1);
    assert.is(diagnostics[0]?.code, 'contradiction');
    assert.match(diagnostics[0]?.message ?? '', message);
  });
}

for (const [name, text, hint] of [
  ['no YAML', 'packages: [htop', /not valid YAML/],
  ['a list', '- htop', /mapping/],
  ['nothing', '# only a comment\n', /not valid YAML|mapping/],
  ['a text for a list', 'runcmd: echo hello', /runcmd is a list/],
] as const) {
  extra(`an input that is not a cloud-config is refused: ${name}`, async () => {
    const { deployment, diagnostics } = await made(text);
    assert.is(deployment, undefined);
    assert.equal(
      diagnostics.map(({ path, code }) => [path, code]),
      [['extra', 'wrong-value']],
    );
    assert.match(diagnostics[0]?.hint ?? '', hint);
    assert.not.match(JSON.stringify(diagnostics), /htop'?$/, 'the content is not shown');
  });
}

extra('the findings of check in the result are reported now', async () => {
  const { deployment, diagnostics } = await made('write_files: [{content: x}]');
  assert.is(deployment, undefined);
  assert.ok(
    diagnostics.some(({ path, severity }) => severity === 'error' && path.startsWith('extra, write_files')),
  );
});

extra('a secret in the file is not printed', async () => {
  const { diagnostics } = await made('timezone: [s3cret-value-of-mine]\npackages: {s3cret-value-of-mine: 1}');
  assert.not.match(JSON.stringify(diagnostics), /s3cret/);
});

extra.run();
