import { dump } from 'js-yaml';

/**
 * Writes data as YAML that YAML 1.1 readers (cloud-init's PyYAML) and 1.2 readers understand alike.
 * js-yaml's default schema quotes for both; long lines are not folded, and nothing becomes an anchor.
 * @throws Error for text that is not ASCII: cloud-init corrupts other bytes when it reads a document as MIME
 */
export function toYaml(data: object): string {
  const text = dump(data, { lineWidth: -1, noRefs: true, seqNoIndent: true, indent: 1 });
  const foreign = /[^\n\x20-\x7e]/.exec(text);
  if (foreign)
    throw new Error(
      `not ASCII: ${JSON.stringify(foreign[0])} near ${JSON.stringify(text.slice(foreign.index - 20, foreign.index))}`,
    );
  return text;
}
