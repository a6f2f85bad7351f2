// A server for updates: its Synapse image has a tag of its own, so that other servers do not pull the newer images.
import { join } from 'node:path';
import type { Lab } from './lab';
import type { Place } from './place';
import { containers, type Server, type ServerSpec, sh } from './server';
import { newerImage, tagBeside } from './world/newer-image';
import { folderOf } from './world/runs';

const repository = 'matrixdotorg/synapse';
const storageOf = (lab: Lab) => join(folderOf(lab.options.registry.runid), 'registry');

/** Boots a server with the whole of matrixctl; its name is also the tag. */
export async function bootOperated(
  lab: Lab,
  name: string,
  host: number,
  healthTimeout = '90',
): Promise<Server> {
  await tagBeside(storageOf(lab), repository, 'latest', name);
  const options: ServerSpec['options'] = {
    'admin-user': 'alice',
    'health-timeout': healthTimeout,
    'synapse-image': `${repository}:${name}`,
  };
  return lab.boot({ name, host, domain: `${name}.test`, options });
}

/** Newer images of Synapse, by their behaviour at the start. */
const newer = {
  starts: { Labels: { newer: 'yes' } },
  ends: { Entrypoint: ['/bin/false'] },
  /** From outside, this looks like a long migration of the database. */
  startsLate: { Entrypoint: ['sh', '-c', 'sleep 240; exec /start.py'] },
  /** The previous Synapse refuses a database of a later schema (synapse/storage/prepare_database.py). */
  migratesAndEnds: {
    Entrypoint: [
      'python3',
      '-c',
      "import psycopg2 as p;c=p.connect(host='db',user='synapse',dbname='synapse',passfile='/data/pgpass');c.cursor().execute('UPDATE schema_compat_version SET compat_version=9999');c.commit();exit(1)",
    ],
  },
};

/** Gives the server's Synapse a newer image. @returns a function that restores the former image */
export const newSynapse = (lab: Lab, name: string, kind: keyof typeof newer) =>
  newerImage(storageOf(lab), repository, name, newer[kind]);

/** The id of the image that Synapse's container was made from. */
export const synapseImage = ({ server }: Place): Promise<string> =>
  sh(server, `docker inspect -f '{{.Image}}' ${containers.synapse}`);
