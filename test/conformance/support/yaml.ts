import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';

/** A value with its Python type: `['str', 'yes']`, `['bool', true]`, `['list', [...]]`, `['map', [[key, value], ...]]`. */
export type Typed = readonly [type: string, value: unknown];

/**
 * PyYAML, the reader that cloud-init uses, in one Python process for a whole suite.
 * The machine's own Python: the one in PATH may lack PyYAML.
 */
export class PyYaml {
  private readonly child: ChildProcess = spawn(
    '/usr/bin/python3',
    ['test/conformance/support/read_yaml.py'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  private readonly lines: AsyncIterator<string>;
  private readonly reader: Interface;

  constructor() {
    if (!this.child.stdout) throw new Error('no output of Python');
    this.reader = createInterface(this.child.stdout);
    this.lines = this.reader[Symbol.asyncIterator]();
  }

  /** @throws Error with PyYAML's message for text that it refuses */
  async typed(text: string): Promise<Typed> {
    this.child.stdin?.write(`${JSON.stringify(text)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error('Python has ended');
    const answer = JSON.parse(value) as { value: Typed } | { error: string };
    if ('error' in answer) throw new Error(`PyYAML: ${answer.error}`);
    return answer.value;
  }

  /** The same as plain data, for documents whose keys are texts. */
  async read(text: string): Promise<unknown> {
    return untyped(await this.typed(text));
  }

  close(): void {
    this.reader.close();
    this.child.stdin?.end();
  }
}

/** Plain data of a typed value; what JSON has no type for becomes a text that no document contains by chance. */
export function untyped([type, value]: Typed): unknown {
  if (type === 'list') return (value as Typed[]).map(untyped);
  if (type === 'map') {
    return Object.fromEntries(
      (value as [Typed, Typed][]).map(([key, item]) => [untyped(key), untyped(item)]),
    );
  }
  return ['str', 'int', 'float', 'bool', 'NoneType'].includes(type) ? value : `<${type} ${value}>`;
}
