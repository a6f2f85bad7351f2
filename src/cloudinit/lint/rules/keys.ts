/** Keys, types and values of every module, compared with the table of cloud-init's schema. */

import { entries, type KeyValue, type Node, typeOf } from '../../read/yaml-node';
import { error, type Finding, warning } from '../finding';
import { type Fault, faultsOf, wantedTypes as typesWanted } from '../schema/faults';
import { general, meantKey } from '../schema/names';
import { CLOUD_CONFIG, GONE, type Shape, typesOf } from '../schema/shape';
import { isOlder, type Target } from '../targets';

const NAMES: Partial<Record<string, string>> = {
  str: 'text',
  bool: 'true or false',
  int: 'a number',
  float: 'a number',
  null: 'nothing',
  list: 'a list',
  map: 'keys with values',
  timestamp: 'a date',
  binary: 'binary data',
};

/** What the patterns of the schema mean. */
const PATTERNS: Readonly<Record<string, string>> = {
  '^([0-9]+)?\\.?[0-9]+[BKMGT]$': 'a number with B, K, M, G or T, such as 2G',
  '^\\+?[0-9]+$': 'minutes',
  '^.+:.+$': 'NAME:PASSWORD',
  '^[-_0-9a-zA-Z]+(,[-_0-9a-zA-Z]+)*$': 'words with commas between them',
  '^\\d{4}-\\d\\d-\\d\\d$': 'a date such as 2030-12-31',
};

export function* keyRules(root: Node | undefined, target: Target): Generator<Finding> {
  if (root?.kind !== 'mapping') return;
  for (const fault of faultsOf(root, CLOUD_CONFIG)) {
    const finding = findingOf(fault, target);
    if (finding) yield finding;
  }
}

/** The types that cloud-init expects at the nodes whose place it knows. */
export function wantedTypes(root: Node | undefined): ReadonlyMap<Node, readonly string[]> {
  return typesWanted(root, CLOUD_CONFIG);
}

function findingOf(fault: Fault, target: Target): Finding | undefined {
  switch (fault.kind) {
    case 'type':
      return wrongType(fault.node, fault.types, fault.breaks);
    case 'value':
      return wrongValue(fault.node, fault.shape);
    case 'count':
      return wrongCount(fault.node, fault.shape);
    case 'repeated':
      return warning('list-items', fault.node, 'This item is in the list twice; the schema refuses it.', {
        hint: 'Remove one of them.',
      });
    case 'missing': {
      const names = fault.names.map((list) => list.join(' and ')).join(', or ');
      const message = `The key ${names} is missing here; cloud-init needs it.`;
      return error('key-missing', fault.node, message, { hint: `Add ${names}.` });
    }
    case 'together': {
      const message = `Only one of these keys can be here: ${fault.names.join(', ')}.`;
      return error('key-conflict', fault.node, message, { hint: `Keep ${fault.names[0]}.` });
    }
    case 'unknown':
      return unknownKey(fault, target);
    case 'old':
      return deprecated(fault, target);
    case 'since': {
      const { cloudInit } = target;
      if (cloudInit === undefined || !isOlder(cloudInit, fault.since)) return undefined;
      const message = `cloud-init ${cloudInit} does not know this key; it came with ${fault.since}.`;
      return error('key-too-new', fault.place, message, { hint: 'Do the same in runcmd.' });
    }
  }
}

function wrongType(node: Node, types: readonly string[], breaks: boolean): Finding {
  const type = typeOf(node);
  const expected = [...new Set(types.map((name) => NAMES[name]))].join(' or ');
  const here = type === 'refused' ? 'something that it refuses' : NAMES[type];
  const message = `cloud-init wants ${expected} here; this is ${here}.`;
  if (type === 'null') return warning('empty-key', node, message, { hint: 'Leave the key out.' });
  const isScalarMix = node.kind === 'scalar' && types.some((name) => /str|bool|int/.test(name));
  if (isScalarMix && !breaks) {
    const hint = types.includes('str') ? 'Put it in quotes.' : `Write ${expected}, without quotes.`;
    return warning('type', node, message, { hint });
  }
  const hint = typeHint(node, types);
  return error('type', node, message, hint === undefined ? {} : { hint });
}

function typeHint(node: Node, types: readonly string[]): string | undefined {
  if (node.kind === 'mapping' && types.includes('str'))
    return 'A colon and a blank made it a key: put the whole text in quotes.';
  if (node.kind === 'mapping' && types.includes('list')) return "Begin each entry with '- '.";
  if (node.kind === 'sequence' && types.includes('map')) return "Leave out the '- ' before each key.";
  if (node.kind !== 'scalar' || !types.includes('list')) return undefined;
  const isBlock = node.style === 'literal' || node.style === 'folded';
  if (isBlock && /^\s*- /m.test(node.text))
    return `Leave out the ${node.style === 'literal' ? '|' : '>'}: it makes text of the lines below it.`;
  if (isBlock) return "Begin the block with '- |', which makes it the first item of a list.";
  return "Write it as a list: '- ' before each item.";
}

function wrongValue(node: Node, shape: Shape): Finding {
  const given = node.kind === 'scalar' && !/pass|secret|token|(?:^|[._])key/.test(node.path) ? node.text : '';
  const expected = [...new Set(expectedValues(shape))].join(', ');
  const message = 'cloud-init does not know this value here.';
  return error('value', node, message, { ...(given ? { given } : {}), ...(expected ? { expected } : {}) });
}

function expectedValues(shape: Shape): string[] {
  const { choices, pattern, minimum, any } = shape;
  if (choices) return choices.map(String);
  if (any) return any.flatMap(expectedValues);
  if (pattern) return shape.changed ? [] : [PATTERNS[pattern] ?? pattern];
  if (minimum !== undefined) return [minimum === 0 ? 'a number of 0 or more' : `a number from ${minimum} on`];
  return typesOf(shape).map((type) => NAMES[type] ?? type);
}

function wrongCount(node: Node, { least = 0, most }: Shape): Finding {
  const count = node.kind === 'sequence' ? node.items.length : entries(node).length;
  const what = node.kind === 'sequence' ? 'items' : 'keys';
  if (count === 0) {
    const message = `There are no ${what} here; cloud-init's schema wants at least one.`;
    return warning('empty-key', node, message, { hint: 'Leave the key out.' });
  }
  const expected = `${least === most ? '' : least > count ? 'at least ' : 'at most '}${least > count ? least : most} ${what}`;
  return error('list-items', node, `The number of ${what} is ${count}.`, { expected });
}

function unknownKey(fault: Fault & { kind: 'unknown' }, { cloudInit }: Target): Finding | undefined {
  const { place, entry, shape } = fault;
  const { name } = entry;
  const removed = GONE[general(place.path, 0)];
  if (removed !== undefined) {
    if (cloudInit !== undefined && isOlder(cloudInit, removed)) return undefined;
    return warning('unknown-key', place, `cloud-init removed this key in ${removed}; it has no effect.`);
  }
  const holder = place.path.slice(0, Math.max(place.path.length - name.length - 1, 0));
  const near = meantKey(holder, name, Object.keys(shape.keys ?? {}));
  const message = 'cloud-init does not know this key; it ignores it and reports it as a fault.';
  const hint = near ? `Is ${near} meant?` : holder === '' ? topLevelHint(entry) : undefined;
  return hint
    ? error('unknown-key', place, message, { given: name, hint })
    : warning('unknown-key', place, message, { given: name });
}

/** Where a key that does not belong at the top level belongs. */
function topLevelHint({ name, value }: KeyValue): string | undefined {
  if (name === 'network')
    return 'Pass it to the provider as network-config, or write a file below /etc/netplan.';
  if (/^(?:instance-id|local-hostname|public-keys)$/.test(name)) return 'It belongs in meta-data.';
  const inside = entries(value).filter((inner) => Object.hasOwn(CLOUD_CONFIG.keys, inner.name));
  if (inside.length === 0 || /^[x.]-|^\./.test(name)) return undefined;
  return `Move ${inside
    .map((inner) => inner.name)
    .slice(0, 3)
    .join(', ')} to the top level.`;
}

function deprecated(fault: Fault & { kind: 'old' }, { cloudInit }: Target): Finding | undefined {
  const [since = '', use] = fault.old;
  if (cloudInit !== undefined && isOlder(cloudInit, since)) return undefined;
  const what = fault.isValue ? 'The form of this value is deprecated' : 'Deprecated';
  const hint = use === undefined ? 'Leave it out.' : /\s/.test(use) ? use : `Use ${use}.`;
  return warning('deprecated-key', fault.place, `${what} since cloud-init ${since}.`, { hint });
}
