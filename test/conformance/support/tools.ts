import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { suite } from 'uvu';

/** The folder in which test/tools installs programs that are not from the machine's own suite. */
export const TOOLS = resolve('.cache/tools');

/** The tools that test/tools installs, by the name that tests use, each with a file that proves its presence. */
const TOOL_FILES = {
  'root:bookworm': `${TOOLS}/bookworm.recipe`,
  'root:sid': `${TOOLS}/sid.recipe`,
  'python3-yaml': '/usr/lib/python3/dist-packages/yaml/__init__.py',
  chromium: '/usr/bin/chromium',
} as const;

export type Tool = keyof typeof TOOL_FILES;

/** @returns undefined when the tool can be used, otherwise a sentence for people */
export function requireTool(name: Tool): string | undefined {
  if (!existsSync(TOOL_FILES[name])) return `${name} is missing: test/tools installs it`;
  if (name.startsWith('root:') && process.getuid?.() !== 0)
    return `${name} needs root for namespaces and chroot`;
  return undefined;
}

type Body = () => void | Promise<void>;

export interface ToolSuite {
  (title: string, body: Body): void;
  before(body: Body): void;
  after(body: Body): void;
  run(): void;
}

/**
 * A suite whose tests need real tools. Where one is missing the tests fail under CI=true; on a person's machine
 * they are skipped, and the reason is named once. A `before` that throws fails every test with its error: uvu
 * alone would lose it.
 */
export function suiteWith(name: string, tools: readonly Tool[]): ToolSuite {
  const inner = suite(name);
  const missing = tools.map(requireTool).find((reason) => reason !== undefined);
  const skips = missing !== undefined && process.env.CI !== 'true';
  let broken: unknown = missing === undefined ? undefined : new Error(missing);
  if (skips) process.stderr.write(`skipped: ${name} (${missing})\n`);

  const test = (title: string, body: Body) => {
    if (skips) return inner.skip(title);
    inner(title, async () => {
      if (broken !== undefined) throw broken;
      await body();
    });
  };
  const before = (body: Body) => {
    if (missing !== undefined) return;
    inner.before(async () => {
      try {
        await body();
      } catch (error) {
        broken = error;
      }
    });
  };
  return Object.assign(test, { before, after: (body: Body) => inner.after(body), run: () => inner.run() });
}
