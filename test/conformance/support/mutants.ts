/** Seeded changes of a value: the same seed gives the same mutants. */
export interface Mutant {
  readonly how: string;
  readonly value: unknown;
}

/** A small generator of numbers (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const OTHERS: readonly unknown[] = [
  5,
  1.5,
  true,
  false,
  'text',
  '5',
  null,
  [],
  {},
  ['a'],
  { a: 'b' },
  [5],
  -1,
];

type Path = readonly (string | number)[];

function paths(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Array.isArray(value)
    ? value.flatMap((each, index) => paths(each, [...path, index]))
    : Object.entries(value).flatMap(([key, each]) => paths(each, [...path, key]));
  return [path, ...inner];
}

export function mutants(origin: object, seed: number, count: number): Mutant[] {
  const random = numbers(seed);
  const all = paths(origin).filter((path) => path.length > 0);
  return Array.from({ length: count }, () => {
    const path = all[random(all.length)]!;
    const value = structuredClone(origin);
    const last = path[path.length - 1]!;
    const holder = path
      .slice(0, -1)
      .reduce<unknown>((at, key) => Reflect.get(at as object, key), value) as object;
    const kind = random(4);
    const old = Reflect.get(holder, last);
    let what = 'removed';
    if (kind === 0 && !Array.isArray(holder)) Reflect.deleteProperty(holder, last);
    else if (kind === 1 && typeof old === 'object' && old !== null && !Array.isArray(old)) {
      Reflect.set(old, 'unheard_of', 'a');
      what = 'an unknown key in';
    } else if (kind === 2 && Array.isArray(old)) {
      old.push(old[0], OTHERS[random(OTHERS.length)]);
      what = 'more items in';
    } else {
      const other = OTHERS[random(OTHERS.length)];
      Reflect.set(holder, last, other);
      what = `${JSON.stringify(other)} at`;
    }
    return { how: `${what} ${path.join('.')}`, value };
  });
}
