// Whether the four containers run, are healthy by their own checks, and were not restarted on the way.
import { pause } from '../machines/run';
import { containers, type Server, sh } from '../server';
import { holds, type Judge, type Verdict } from '../verdict';

/** The fields of `docker inspect` that this file uses. */
interface Inspected {
  readonly RestartCount: number;
  readonly Config: { readonly Image: string };
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string; readonly Log?: readonly { readonly Output: string }[] };
  };
}

const images: Readonly<Record<keyof typeof containers, string>> = {
  db: 'postgres:15-alpine',
  synapse: 'matrixdotorg/synapse:latest',
  element: 'vectorim/element-web:latest',
  nginx: 'jonasal/nginx-certbot:latest',
};

async function inspect(server: Server, name: string): Promise<Inspected | undefined> {
  const { code, stdout } = await server.machine.exec(['docker', 'inspect', '--type', 'container', name]);
  return code === 0 ? (JSON.parse(stdout) as Inspected[])[0] : undefined;
}

/** The last lines of a container's log, which show why it is unhealthy. */
const lastWords = (server: Server, name: string) => sh(server, `docker logs --tail 4 ${name} 2>&1`);

interface Terms {
  /** The seconds that a health check may stay in the state `starting`. */
  readonly limit: number;
  /** Whether Docker may have started the container again. */
  readonly again: boolean;
}

async function examine(
  server: Server,
  service: keyof typeof containers,
  { limit, again }: Terms,
): Promise<Verdict> {
  const name = containers[service];
  const expected = `running, healthy or without a check, ${images[service]}`;
  const end = Date.now() + limit * 1000;
  for (;;) {
    const found = await inspect(server, name);
    if (!found) return holds(service, false, `no container ${name}`, expected);
    const { Status: status, ExitCode: code, Health } = found.State;
    const check = Health?.Status ?? 'without a check';
    if (check === 'starting' && status === 'running' && Date.now() < end) {
      await pause(1000);
      continue;
    }
    const well = status === 'running' && (Health === undefined || check === 'healthy');
    const ok = well && (again || found.RestartCount === 0) && found.Config.Image === images[service];
    const state = `${status === 'exited' ? `exited with ${code}` : status}, ${check}, ${found.Config.Image}`;
    const restarts = found.RestartCount > 0 ? `, ${found.RestartCount} restarts` : '';
    const words = ok
      ? ''
      : `; its check: ${Health?.Log?.at(-1)?.Output ?? 'none'}; it said: ${await lastWords(server, name)}`;
    return holds(service, ok, `${state}${restarts}${words}`, expected);
  }
}

/** A container whose health check has not run yet may take as long as the longest interval between checks. */
const judge = (name: string, again: boolean): Judge => ({
  name,
  ask: ({ server, patience }) => {
    const services = Object.keys(containers) as (keyof typeof containers)[];
    return Promise.all(services.map((service) => examine(server, service, { limit: 75 * patience, again })));
  },
});

export const containersRun: Judge = judge('containers', false);

/**
 * After the engine has started the containers itself, without waiting for health: Synapse may have exited once because its
 * database was not ready.
 */
export const containersRunAgain: Judge = judge('containers, restarts aside', true);
