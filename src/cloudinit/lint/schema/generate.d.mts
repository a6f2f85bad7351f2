import type { Shape } from './shape';

/** The shape of a whole cloud-config, from the JSON schema of one release. */
export function rootShape(schema: unknown): Shape;
