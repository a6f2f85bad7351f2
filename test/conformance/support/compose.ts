import * as assert from 'uvu/assert';
import type { Document } from './documents';
import type { Result, Stage } from './stage';

/** The parts of Compose's resolved model that the tests read. */
export interface Service {
  image: string;
  command: string[] | null;
  entrypoint: string[] | null;
  environment?: Record<string, string>;
  restart?: string;
  stop_grace_period?: string;
  user?: string;
  privileged?: boolean;
  security_opt?: string[];
  cap_drop?: string[];
  cap_add?: string[];
  read_only?: boolean;
  /** A path, and after a colon the options of the mount. */
  tmpfs?: string[];
  pids_limit?: number;
  /** Bytes. */
  mem_limit?: string;
  shm_size?: string;
  depends_on?: Record<string, { condition: string; required: boolean }>;
  ports?: { mode: string; host_ip?: string; target: number; published: string; protocol: string }[];
  volumes?: { type: string; source: string; target: string; read_only?: boolean; bind?: object }[];
  networks?: Record<string, unknown>;
  network_mode?: string;
  secrets?: { source: string }[];
  healthcheck?: { test: string[]; interval?: string; start_period?: string; retries?: number };
  logging?: { driver: string; options: Record<string, string> };
}
export interface Project {
  name: string;
  services: Record<string, Service>;
  networks?: Record<string, { internal?: boolean; driver_opts?: Record<string, string> }>;
  volumes?: Record<string, unknown>;
  secrets?: Record<string, { file: string }>;
}

/** `docker compose config`, which needs no daemon. */
export function composeConfig(stage: Stage, path: string, ...more: string[]): Result {
  return stage.run('sid', ['docker', 'compose', '-f', path, 'config', ...more]);
}

/**
 * Lays the files of a document down and has Compose resolve one of them.
 * @param memory what the server writes into the stack's .env; undefined: it has written nothing
 */
export function resolved(stage: Stage, document: Document, path: string, memory?: string): Project {
  for (const file of document.files) stage.write('sid', file.path, file.content);
  // The server creates it on its first boot. Compose does not read it, but requires that a secret's file exists.
  stage.write('sid', `${document.baseDir}/db-password`, 'from-the-server\n', 0o600);
  stage.must('sid', ['rm', '-f', `${document.baseDir}/.env`]);
  if (memory !== undefined) stage.write('sid', `${document.baseDir}/.env`, memory);
  const { code, stdout, stderr } = composeConfig(stage, path, '--format', 'json');
  assert.is(code, 0, `${document.name}: ${stderr}`);
  assert.is(stderr, '', `${document.name}: Compose warns`);
  return JSON.parse(stdout);
}
