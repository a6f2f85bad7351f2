/** QEMU's own control socket (QEMU documentation, "QEMU Machine Protocol"): one command a connection. */
import { connect } from 'node:net';
import { pause } from '../waiting';

/**
 * Tells QEMU a command and waits for its answer; tries for 10 s to reach a QEMU that is just starting.
 * @param path of the socket, at most 107 characters
 * @returns what the command returned
 * @throws Error when QEMU refuses the command, is silent for 10 s or is not there
 */
export async function monitor(
  path: string,
  execute: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const end = Date.now() + 10_000;
  for (;;) {
    try {
      return await tell(path, [{ execute: 'qmp_capabilities' }, { execute, arguments: args }]);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOENT' && code !== 'ECONNREFUSED') || Date.now() > end) throw error;
      await pause(50);
    }
  }
}

function tell(path: string, commands: readonly object[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(10_000, () => socket.destroy(new Error(`QEMU does not answer at ${path}`)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`QEMU closed ${path}`)));
    socket.once('connect', () => {
      for (const command of commands) socket.write(`${JSON.stringify(command)}\n`);
    });
    socket.on('data', (chunk: string) => {
      text += chunk;
      // Each command gets one line with its outcome; the greeting and events are lines too. The last is unfinished.
      const answers = text
        .split('\n')
        .slice(0, -1)
        .filter((line) => /^\{"(?:return|error)"/.test(line));
      const failed = answers.find((line) => line.startsWith('{"error"'));
      if (failed) reject(new Error(`QEMU: ${failed.trim()}`));
      else if (answers.length === commands.length) {
        resolve((JSON.parse(answers.at(-1) as string) as { return: unknown }).return);
      } else return;
      socket.destroy();
    });
  });
}
