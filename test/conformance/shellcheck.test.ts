import * as assert from 'uvu/assert';
import { COMBINATIONS, type Document, generated, RUNGS } from './support/documents';
import { Stage } from './support/stage';
import { suiteWith } from './support/tools';

/** The scripts as they land on the server, at their paths there, instead of their templates. */
const test = suiteWith('scripts', ['root:sid']);

// cloud-init joins the lines of runcmd under this first line and puts the script there (cloudinit/util.py, shellify).
const RUNCMD = '/var/lib/cloud/instance/scripts/runcmd';
const runcmdScript = ({ runcmd }: Document) => `#!/bin/sh\n${runcmd.join('\n')}\n`;

let stage: Stage;
test.before(async () => {
  stage = await Stage.open('sid');
});
test.after(() => stage?.close());

/** A checker's output for a file, with its exit code unless that is 0. */
function said(...argv: string[]): string {
  const { code, stdout, stderr } = stage.run('sid', argv);
  return code === 0 ? stdout + stderr : `exit code ${code}\n${stdout}${stderr}`;
}

test('every script passes shellcheck and is read by its own shell', () => {
  const seen = new Set<string>();
  for (const document of [...COMBINATIONS, ...RUNGS].map(generated)) {
    for (const { path, content } of document.files) stage.write('sid', path, content);
    stage.write('sid', RUNCMD, runcmdScript(document));
    const scripts = document.files.filter(({ content }) => content.startsWith('#!'));
    for (const { path, content } of [...scripts, { path: RUNCMD, content: runcmdScript(document) }]) {
      if (seen.has(content)) continue;
      seen.add(content);
      const title = `${path} of ${document.name}`;
      const shell = /^#!(\S+)/.exec(content)?.[1] ?? '';
      assert.match(shell, /^\/bin\/(?:ba)?sh$/, title);
      assert.is(said('shellcheck', '--severity=style', '--external-sources', path), '', title);
      assert.is(said(shell, '-n', path), '', title);
    }
  }
  assert.ok(seen.size >= 2, 'one script in a file and runcmd at least');
});

test('every entry of runcmd is one text', () => {
  for (const combination of COMBINATIONS) {
    for (const line of generated(combination).runcmd) assert.type(line, 'string', combination.name);
  }
});

test('shellcheck does refuse a careless script', () => {
  stage.write('sid', '/root/careless', '#!/bin/sh\nrm -r $1/*\n');
  assert.match(said('shellcheck', '--severity=style', '/root/careless'), /SC2086/);
});

test.run();
