/** Where files land: paths that are lost, hidden or written twice. */

import type { Source } from '../../../diagnostics/source';
import { absolutePath } from '../../../server/absolute-path';
import { PathTree } from '../../read/path-tree';
import type { LandedFile } from '../../read/written-files';
import { get, items, type Node } from '../../read/yaml-node';
import { error, type Finding, info, warning } from '../finding';

export function* filePathRules(
  root: Node | undefined,
  files: readonly LandedFile[],
  source: Source,
): Generator<Finding> {
  const mountPoints = laterMounts(root);
  const written = new Map<string, LandedFile>();
  for (const file of files) {
    const place = get(file.node, 'path') ?? file.node;
    const given = file.path;
    yield* form(file, place);
    if (/^\/tmp\//.test(file.target)) {
      const message = 'systemd may clean /tmp during boot, after the file was written.';
      yield warning('path-tmp', place, message, { given, hint: 'Use /run.' });
    }
    const mount = mountOver(file.target, mountPoints);
    if (mount !== undefined && !file.isDeferred) {
      const message = `Files are written before ${mount} is mounted; the mount hides this one.`;
      yield warning('path-below-mount', place, message, { given, hint: 'Set defer: true.' });
    }
    const first = written.get(file.target);
    if (first && !file.isAppended) {
      const line = source.at(first.node.start).line;
      yield warning(
        'path-duplicate',
        place,
        `The file of line ${line} is written here again; the last one stays.`,
        { given },
      );
    }
    written.set(file.target, file);
  }
}

function* form(file: LandedFile, place: Node): Generator<Finding> {
  const given = file.path;
  if (file.path.includes('\0')) {
    yield error('path-null', place, 'The path holds a NUL character; the file cannot be written.');
  } else if (!file.path.startsWith('/')) {
    const message = `The path is not absolute; cloud-init takes it from its working directory, as ${file.target}.`;
    yield warning('path-relative', place, message, { given });
  } else if (file.path.endsWith('/')) {
    yield warning('path-directory', place, 'The path ends in a slash; a file is written without it.', {
      given,
    });
  } else if (file.path.split('/').includes('..')) {
    yield info('path-dots', place, `The path is resolved to ${file.target}.`, { given });
  }
}

/** Mount points of the document's own mounts; `none` is swap. */
function laterMounts(root: Node | undefined): PathTree<string> {
  const tree = new PathTree<string>();
  for (const mount of items(get(root, 'mounts'))) {
    const point = items(mount)[1];
    if (point?.kind !== 'scalar' || !point.text.startsWith('/')) continue;
    const path = absolutePath(point.text);
    let last = tree;
    for (const node of tree.growAlong(path)) last = node;
    if (path !== '/') last.value = path;
  }
  return tree;
}

function mountOver(target: string, mounts: PathTree<string>): string | undefined {
  for (const { value } of mounts.along(target)) if (value !== undefined) return value;
  return undefined;
}
