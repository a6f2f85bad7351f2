import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

/** The bundles contain third-party code, so they must come with its licences. */
const licenses = suite('licences of bundled packages');
const FILE = 'dist/THIRD-PARTY-LICENSES.txt';

interface Metafile {
  readonly outputs: Record<string, { readonly inputs: Record<string, { readonly bytesInOutput: number }> }>;
}

/** Name and version of every package with a file in a bundle, according to esbuild. */
function bundled(): string[] {
  const metafiles: Metafile[] = JSON.parse(readFileSync('dist/test/metafiles.json', 'utf8'));
  const paths = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(({ inputs }) =>
      Object.keys(inputs).filter((path) => path.includes('node_modules/') && inputs[path]!.bytesInOutput > 0),
    ),
  );
  const names = paths.map((path) => {
    const at = path.lastIndexOf('node_modules/') + 'node_modules/'.length;
    const parts = path.slice(at).split('/');
    const name = parts.slice(0, path[at] === '@' ? 2 : 1).join('/');
    const { version } = JSON.parse(readFileSync(`${path.slice(0, at)}${name}/package.json`, 'utf8'));
    return `${name} ${version}`;
  });
  return [...new Set(names)];
}

licenses('every bundled package has its name, its version and the text of its licence', () => {
  const sections = readFileSync(FILE, 'utf8').split(`\n${'-'.repeat(80)}\n\n`);
  const titles = sections.flatMap((section) =>
    (section.split('\n\n')[0] ?? '').split('\n').map((title) => title.replace(/ \(.*\)$/, '')),
  );
  assert.equal(titles.sort(), bundled().sort());
  for (const name of ['yargs', 'js-yaml', 'fflate', '@aws-sdk/client-ec2'])
    assert.ok(
      titles.some((title) => title.startsWith(`${name} `)),
      name,
    );
  for (const section of sections)
    assert.match(section, /permi(?:t|ssion)|Apache License/i, section.slice(0, 60));
});

licenses('the file is in the npm package', () => {
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    encoding: 'utf8',
  });
  const [{ files }] = JSON.parse(listed) as [{ files: { path: string }[] }];
  assert.ok(files.some(({ path }) => path === FILE));
});

licenses.run();
