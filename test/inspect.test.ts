import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { dump } from 'js-yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { show, showReport } from '../src/commands/show';

const bytes = (text: string) => new TextEncoder().encode(text);
const document = (config: unknown) => bytes(`#cloud-config\n${dump(config)}`);
const files = (...entries: Record<string, unknown>[]) => document({ write_files: entries });
const packed = (text: string) => gzipSync(text).toString('base64');

const shows = suite('show');

shows('our own document: header, files, source, commands and sizes', () => {
  const shown = show(readFileSync('out/default.yaml'));
  assert.is(shown.kind, 'cloud-config');
  assert.is(shown.form, 'yaml');
  assert.ok(shown.files.length > 5 && shown.files.every(({ bytes: size, problem }) => size && !problem));
  assert.ok(shown.files.every(({ owner, mode }) => owner === 'root:root' && /^0[0-7]{3}$/.test(mode)));
  assert.equal(shown.aptSources, [], 'the script adds the repository');
  const fits = (name: string) => shown.sizes.find(({ provider }) => provider === name)?.fits;
  assert.equal([fits('digitalocean'), fits('ec2')], [true, false]);
  const report = showReport(shown, 'user-data.yaml');
  assert.match(report, /^user-data\.yaml: cloud-config, \d+ bytes, \d+ lines\n/);
  assert.match(report, /\n {2}0\d{3} {2}root:root +\d+ {2}\/\S+/);
  assert.match(report, /DigitalOcean +\d+ of 65536 bytes +fits/);
  assert.match(report, /AWS EC2 +\d+ of 16384 bytes +(?!fits)/);
});

shows("another's document: every kind of entry", () => {
  const config = {
    hostname: 'a',
    packages: ['nginx', ['docker-ce', '5:27'], { snap: ['core'] }],
    users: ['default', { name: 'bob' }],
    bootcmd: [['echo', 'a b']],
    runcmd: ['ls', 'set -e\n# first\nls\n', ['psql', 'postgres://a:sEcr3t-9xKq@db/a']],
    write_files: [
      {
        path: '/a',
        content: packed('hello'),
        encoding: 'gz+b64',
        permissions: '0600',
        owner: 'bob',
        defer: true,
      },
      { path: 'b/../../c', content: '12345' },
      { path: '/d', content: 'x', encoding: 'b64' },
      { path: '/e', source: { uri: 'https://example.org/e' }, append: true },
    ],
  };
  const shown = show(gzipSync(document(config)));
  assert.equal(shown.layers, ['gzip']);
  assert.equal(shown.packages, ['nginx', 'docker-ce=5:27', 'core (snap)']);
  assert.equal(shown.users, ['default', 'bob']);
  assert.equal(shown.bootcmd, ['echo a b']);
  assert.equal(shown.runcmd, ['ls', 'set -e ... (3 lines)', 'psql ***db/a']);
  assert.equal(
    shown.files.map(({ path, mode, bytes: size }) => [path, mode, size]),
    [
      ['/c', '0644', 5],
      ['/d', '0644', undefined],
      ['/e', '0644', 0],
      ['/a', '0600', 5],
    ],
  );
  const report = showReport(shown, 'a');
  assert.match(report, /deferred/);
  assert.match(report, /appended, from https:\/\/example\.org\/e/);
  assert.match(report, /does not decode|multiple of 4/);
  assert.not.match(report, /sEcr3t/);
  assert.is(JSON.stringify(shown).includes('sEcr3t'), false);
});

shows('commands are shown without the passwords that they contain', () => {
  const secret = 'Zq7hunter2';
  const runcmd = [
    `mysql -u root -p${secret} -e 'select 1'`,
    `sshpass -p ${secret} ssh a`,
    `export DB_PASS=${secret}`,
    `app --token ${secret} --admin-password '${secret} x'`,
    `echo 'root:${secret}' | sudo chpasswd`,
    `curl -H 'Authorization: Bearer ${secret}' -u admin:${secret} https://a.example.org`,
    ['app', `--password=${secret}`],
    ['app', '--password', secret],
  ];
  const report = showReport(show(document({ runcmd })), 'a.yaml');
  assert.not.match(report, /hunter2/);
  const plain = ['usermod -aG docker bob', 'docker run -p 80:80 nginx', 'install -m 0600 a b', 'ssh -p 22 a'];
  const shown = showReport(show(document({ runcmd: plain })), 'a.yaml');
  for (const command of plain) assert.ok(shown.includes(command), command);
});

shows('unreadable parts are reported, and no control character reaches the terminal', () => {
  assert.match(showReport(show(bytes('#cloud-config\na: [')), 'a'), /refuses the document \(line 2/);
  assert.is(show(bytes('#!/bin/sh\nls\n')).kind, 'script');
  const report = showReport(show(files({ path: '/a\u001b[2J\u202e', content: '' })), 'a\u001b');
  assert.not.match(report.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  assert.match(report, /\\x1b\[2J/);
});
shows.run();
