import { readFile } from 'node:fs/promises';
import { defineCommand } from './command';

/** The page that the build makes, beside the command. */
const PAGE = new URL('../gen-cloudinit.html', import.meta.url);

export const pageCommand = defineCommand({
  flags: {
    output: { type: 'string', help: 'file to write; - is standard output', default: 'gen-cloudinit.html' },
    quiet: { type: 'boolean', help: 'suppress the report on standard error' },
  },
  examples: [
    ['$0 page', ''],
    ['$0 page --output public/index.html', ''],
  ],
  async run({ flags: { output } }) {
    const isStdout = output === '-';
    return {
      status: 'ok',
      document: { bytes: await readFile(PAGE), path: isStdout ? undefined : output, mode: 0o644 },
      ...(isStdout ? {} : { report: `${output}: open it in a browser; it needs no server and no network` }),
    };
  },
});
