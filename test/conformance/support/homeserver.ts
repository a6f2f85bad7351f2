import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { composeConfig, type Project } from './compose';
import type { Document } from './documents';
import { land } from './landing';
import { type Result, Stage } from './stage';

const PG_BIN = '/usr/lib/postgresql/15/bin';
const PG_DATA = '/var/lib/postgresql/stage';
const READY_TRIES = 150;

/**
 * Real PostgreSQL 15 and real Synapse, set up from a document: cloud-init writes its files, the server's script sets owners
 * and secrets, PostgreSQL gets the environment that Compose passes to its image, and Synapse runs as in its image.
 */
export class Homeserver {
  private synapse: { log(): string } | undefined;
  /** The environment that Compose passes to Synapse's image, as NAME=VALUE. */
  private environment: readonly string[] = [];

  private constructor(
    readonly stage: Stage,
    readonly document: Document,
  ) {}

  /** The server as it is after the first boot's file step, with a running database. */
  static async prepare(document: Document): Promise<Homeserver> {
    const stage = await Stage.open('bookworm', 'sid');
    try {
      land(stage, 'sid', document.text);
      stage.must('sid', ['/usr/local/sbin/matrixctl', 'boot', 'files']);
      // Docker's network would resolve the database's service name.
      stage.write('sid', '/etc/hosts', '127.0.0.1 localhost db\n');
      const server = new Homeserver(stage, document);
      await server.startDatabase();
      return server;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** The set-up that the PostgreSQL image's entry point does on an empty volume (docker-library/postgres). */
  private async startDatabase(): Promise<void> {
    const { stage, document } = this;
    const config = composeConfig(stage, `${document.baseDir}/docker-compose.yml`, '--format', 'json');
    const project = JSON.parse(config.stdout) as Project;
    const environment = project.services.db?.environment ?? {};
    this.environment = Object.entries(project.services.synapse?.environment ?? {}).map(
      ([name, value]) => `${name}=${value}`,
    );
    const { POSTGRES_USER = 'postgres', POSTGRES_PASSWORD, POSTGRES_INITDB_ARGS = '' } = environment;
    const secret = project.secrets?.db_password?.file;
    const password = POSTGRES_PASSWORD ?? readFileSync(stage.path('sid', secret ?? ''), 'utf8').trim();
    stage.write('bookworm', '/run/password', `${password}\n`);
    stage.write('bookworm', '/etc/hosts', '127.0.0.1 localhost\n');
    const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'];
    const initdb = `${PG_BIN}/initdb -D ${PG_DATA} --no-sync --username="$1" --pwfile=/run/password ${POSTGRES_INITDB_ARGS}`;
    stage.must('bookworm', ['chown', 'postgres:', '/run']);
    stage.must('bookworm', [...asPostgres, '/bin/sh', '-c', initdb, 'sh', POSTGRES_USER]);
    stage.must('bookworm', [
      '/bin/sh',
      '-c',
      `echo 'host all all all scram-sha-256' > ${PG_DATA}/pg_hba.conf`,
    ]);
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'];
    const postgres = stage.start('bookworm', [
      ...asPostgres,
      `${PG_BIN}/postgres`,
      ...['-D', PG_DATA],
      ...settings.flatMap((setting) => ['-c', setting]),
    ]);
    const address = ['-h', '127.0.0.1', '-U', POSTGRES_USER];
    await ready(
      'PostgreSQL',
      postgres,
      () => stage.run('bookworm', [`${PG_BIN}/pg_isready`, ...address]).code === 0,
    );
    // The image names the database after the user.
    stage.must('bookworm', [`${PG_BIN}/createdb`, ...address, POSTGRES_USER], {
      env: { PGPASSWORD: password },
    });
  }

  /** One value of a query, over TCP with the password that is in libpq's file for Synapse. */
  query(sql: string): string {
    const [host, port, database, user, password = ''] = readFileSync(
      this.stage.path('sid', `${this.document.baseDir}/files/pgpass`),
      'utf8',
    )
      .trim()
      .split(':');
    const argv = [`${PG_BIN}/psql`, `postgresql://${user}@127.0.0.1:${port}/${database}`, '-Atc', sql];
    if (host !== 'db') throw new Error(`the password is for host ${host}`);
    return this.stage.must('bookworm', argv, { env: { PGPASSWORD: password } }).trim();
  }

  /** Runs a command as Synapse's container runs: Synapse's directory on /data, user and group 991, nothing else. */
  contained(argv: readonly string[], input = ''): Result {
    return this.stage.run('sid', this.container(argv), { input });
  }

  /** Starts Synapse and waits for its health. @returns milliseconds that it took */
  async start(): Promise<number> {
    const begun = Date.now();
    const run = ['python3', '-m', 'synapse.app.homeserver', '--config-path', '/data/homeserver.yaml'];
    this.synapse = this.stage.start('sid', this.container(run));
    await ready('Synapse', this.synapse, () => this.health() === '200');
    return Date.now() - begun;
  }

  health(): string {
    const write = ['-s', '-o', '/dev/null', '-w', '%{http_code}'];
    return this.stage.run('sid', ['curl', ...write, 'http://127.0.0.1:8008/health']).stdout;
  }

  /** Synapse's output so far. */
  log(): string {
    return this.synapse?.log() ?? '';
  }

  /** One call of Synapse's HTTP API. */
  call(
    method: string,
    path: string,
    body?: unknown,
    token?: string,
  ): { status: number; data: Record<string, unknown> } {
    const { stdout } = this.stage.run('sid', [
      ...['curl', '-s', '-X', method, '-w', '\n%{http_code}', '-H', 'Content-Type: application/json'],
      ...(token ? ['-H', `Authorization: Bearer ${token}`] : []),
      ...(body === undefined ? [] : ['-d', JSON.stringify(body)]),
      `http://127.0.0.1:8008${path}`,
    ]);
    const end = stdout.lastIndexOf('\n');
    return { status: Number(stdout.slice(end + 1)), data: JSON.parse(stdout.slice(0, end)) };
  }

  close(): Promise<void> {
    return this.stage.close();
  }

  private container(argv: readonly string[]): string[] {
    const script = 'mkdir -p /data && mount --bind "$1" /data && cd / && shift && exec "$@"';
    const user = ['setpriv', '--reuid=991', '--regid=991', '--clear-groups'];
    const data = `${this.document.baseDir}/files`;
    const command = ['env', ...this.environment, ...argv];
    return ['unshare', '--mount', '/bin/sh', '-c', script, 'sh', data, ...user, ...command];
  }
}

async function ready(name: string, process: { log(): string }, isReady: () => boolean): Promise<void> {
  for (let tries = 0; tries < READY_TRIES; tries++) {
    if (isReady()) return;
    await sleep(100);
  }
  throw new Error(`${name} is not ready:\n${process.log().slice(-4000)}`);
}
