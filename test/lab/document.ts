// Documents as a user gets them: from the public command, with public options.
import { tryRun } from './machines/run';

/** The command's output: the document, and the report for a person. */
export interface Generated {
  readonly document: string;
  readonly report: string;
}

/**
 * Runs dist/cli.js.
 * @throws unless it ends with 0.
 */
export async function generate(options: Readonly<Record<string, string>>): Promise<Generated> {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const { code, stdout, stderr } = await tryRun([process.execPath, 'dist/cli.js', ...flags]);
  if (code !== 0) throw new Error(`gen-cloudinit ${flags.join(' ')}: exit code ${code}\n${stderr}`);
  return { document: stdout, report: stderr };
}

/** The document of a server that trusts the lab's authorities, so that the lab's stand-ins for internet sites pass TLS. */
export const trusting = (document: string, roots: string): string =>
  `${document}\nca_certs: ${JSON.stringify({ trusted: [roots] })}\n`;

/**
 * Replaces a piece of a document that is there exactly once.
 * @throws if it is not: the document has changed, and the replacement would spoil nothing.
 */
export function spoiled(document: string, piece: string, replacement: string): string {
  const parts = document.split(piece);
  if (parts.length !== 2) throw new Error(`"${piece}" is ${parts.length - 1} times in the document`);
  return parts.join(replacement);
}
