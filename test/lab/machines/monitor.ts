// QEMU's own control socket (QEMU documentation, "QEMU Machine Protocol"): one command a connection.
import { connect } from 'node:net';
import { pause } from './run';

/** Tells QEMU a command and waits for its answer; tries for 10 s to reach a QEMU that is just starting. */
export async function monitor(
  path: string,
  execute: string,
  args: Readonly<Record<string, unknown>>,
): Promise<void> {
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

function tell(path: string, commands: readonly object[]): Promise<void> {
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
      // Each command gets one line with its outcome; the greeting and events are lines too.
      const answers = text.split('\n').filter((line) => /^\{"(?:return|error)"/.test(line));
      const failed = answers.find((line) => line.startsWith('{"error"'));
      if (failed) reject(new Error(`QEMU: ${failed}`));
      else if (answers.length === commands.length) resolve();
      else return;
      socket.destroy();
    });
  });
}
