// The judges of a healthy server, in two groups that can run in parallel.
import type { Judge } from '../verdict';
import { chat, uploads } from './client';
import { adminApi, closedPorts, encodedPath } from './closed';
import { apart, confinement, metadataClosed } from './confinement';
import { containersRun } from './containers';
import { cloudInit, database, dockerDaemon, dockerPackages, health, schema, units, userData } from './inside';
import { permissions, secrets } from './permissions';
import { certificate, clientVersions, element, federationKey, redirect, wellKnown } from './web';

/** Judges that look at the server from inside. */
export const inside: readonly Judge[] = [
  cloudInit,
  userData,
  schema,
  units,
  dockerPackages,
  dockerDaemon,
  permissions,
  secrets,
  health,
  database,
  containersRun,
  confinement,
  apart,
  metadataClosed,
];

/** Judges that look at the server from outside. */
export const outside: readonly Judge[] = [
  certificate,
  element,
  clientVersions,
  wellKnown,
  federationKey,
  redirect,
  adminApi,
  closedPorts,
  encodedPath,
  chat,
  uploads,
];
