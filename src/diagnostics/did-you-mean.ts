/** Suggests a name for a mistyped one. */

/** @returns the first of `known` that is at most two changes away, or else one that starts with it */
export function closestName(name: string, known: readonly string[]): string | undefined {
  return (
    known.find(
      (candidate) => Math.abs(candidate.length - name.length) <= 2 && distance(candidate, name) <= 2,
    ) ?? known.find((candidate) => name.length > 1 && candidate.startsWith(name))
  );
}

/** Levenshtein's distance of two short words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
