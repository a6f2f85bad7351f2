// Starts the process inside the namespace (inside.ts) and calls it.
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Call, InsideSettings, Reply } from './messages';
import { inNetns, type Service, startService } from './process';

type Distribute<T> = T extends unknown ? Omit<T, 'id'> : never;

/** The process inside, and how to call it. */
export interface Inside {
  readonly service: Service;
  /** @throws the error of the process, or that it has ended. */
  call(what: Distribute<Call>): Promise<unknown>;
}

/**
 * Starts it; resolves when its servers listen.
 * @param folder receives the program, which is bundled from its source because it must be a file of its own.
 */
export async function startInside(
  netns: string,
  folder: string,
  logs: string,
  settings: InsideSettings,
): Promise<Inside> {
  const program = join(folder, 'inside.mjs');
  await build({
    entryPoints: ['test/lab/world/inside.ts'],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
  const argv = inNetns(netns, [process.execPath, program, JSON.stringify(settings)]);
  const service = startService('inside', argv, { log: join(logs, 'inside.log'), ipc: true });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const wait = (id: number) =>
    new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
    });
  service.child.on('message', (reply: Reply) => {
    const caller = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.error === undefined) caller?.resolve(reply.value);
    else caller?.reject(new Error(reply.error));
  });
  service.child.once('exit', () => {
    for (const { reject } of waiting.values())
      reject(new Error(`the world's servers have ended, see ${service.log}`));
    waiting.clear();
  });
  let last = 0;
  await wait(0).catch(async (error) => {
    await service.stop();
    throw error;
  });
  return {
    service,
    call(what) {
      if (!service.alive())
        return Promise.reject(new Error(`the world's servers have ended, see ${service.log}`));
      last += 1;
      const reply = wait(last);
      service.child.send({ ...what, id: last });
      return reply;
    },
  };
}
