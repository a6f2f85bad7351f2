// A server that is updated: its Synapse image has a tag of its own, so that others do not meet the broken one.
import { join } from 'node:path';
import type { Lab } from './lab';
import type { Server, ServerSpec } from './server';
import { brokenImage, tagBeside } from './world/broken-image';
import { folderOf } from './world/runs';

const repository = 'matrixdotorg/synapse';
const storageOf = (lab: Lab) => join(folderOf(lab.options.registry.runid), 'registry');

/** Boots a server with all of matrixctl; its name is the tag too. */
export async function bootOperated(lab: Lab, name: string, host: number): Promise<Server> {
  await tagBeside(storageOf(lab), repository, 'latest', name);
  const options: ServerSpec['options'] = {
    'admin-user': 'alice',
    'health-timeout': '90',
    tools: 'full',
    'synapse-image': `${repository}:${name}`,
  };
  return lab.boot({ name, host, domain: `${name}.test`, options });
}

/** Gives the server's Synapse a newer image that does not start. @returns gives it its former image back */
export const breakImage = (lab: Lab, name: string) => brokenImage(storageOf(lab), repository, name);
