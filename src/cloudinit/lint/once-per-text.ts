/**
 * Work that is done once per text: through an alias of YAML one long text can be the content of very many files.
 * Created per run, so that nothing outlives the run.
 */
export function perText<T>(work: (text: string) => T): (text: string) => T {
  const done = new Map<string, { readonly result: T }>();
  return (text) => {
    const known = done.get(text);
    if (known) return known.result;
    const result = work(text);
    done.set(text, { result });
    return result;
  };
}
