// Judges that look at the server from within: cloud-init, systemd, Docker, the database.
import { cloudInitStatus } from '../machines/machine';
import { containers, sh } from '../server';
import { holds, is, type Judge } from '../verdict';
import { sha256 } from '../world/cache';

/** cloud-init's own status of the current boot. */
export const cloudInit: Judge = {
  name: 'cloud-init status',
  async ask({ server }) {
    const status = await cloudInitStatus(server.machine);
    const { errors, recoverable_errors } = status;
    const complaints = Object.entries(recoverable_errors).map(
      ([level, lines]) => `${level}: ${lines.join('; ')}`,
    );
    return [
      is('cloud-init: extended status', status.extended_status, 'done'),
      holds('cloud-init: errors', errors.length === 0, errors.join('; ') || 'none', 'none'),
      holds(
        'cloud-init: recoverable errors',
        complaints.length === 0,
        complaints.join('; ') || 'none',
        'none',
      ),
    ];
  },
};

/** Validates the user data as it arrived with the schema of the server's cloud-init. */
export const schema: Judge = {
  name: 'cloud-init schema',
  async ask({ server, patience }) {
    const command = ['cloud-init', 'schema', '--system'];
    const { code, stdout, stderr } = await server.machine.exec(command, { timeoutMs: 60_000 * patience });
    const valid = /Valid (schema (user-data|cloud-config)|cloud-config: system userdata)/.exec(stdout)?.[0];
    const seen = code === 0 ? valid : stderr || stdout;
    return [
      holds(
        'cloud-init schema --system',
        code === 0 && valid !== undefined,
        seen ?? stdout,
        "Valid schema user-data, or 22.4's Valid cloud-config",
      ),
    ];
  },
};

/** The user data as cloud-init keeps it, byte for byte what the command wrote. */
export const userData: Judge = {
  name: 'user data',
  async ask({ server }) {
    const { stdout, stderr } = await server.machine.exec([
      'sha256sum',
      '/var/lib/cloud/instance/user-data.txt',
    ]);
    return [is('SHA-256', stdout.split(' ')[0] || stderr, sha256(server.document))];
  },
};

export const units: Judge = {
  name: 'systemd units',
  async ask({ server }) {
    const failed = await sh(server, 'systemctl --failed --no-legend --plain');
    return [holds('no unit has failed', failed.trim() === '', failed || 'none', 'none')];
  },
};

/** Docker's settings match the options of the document. */
export const dockerDaemon: Judge = {
  name: 'Docker',
  async ask({ server, world }) {
    const settings = JSON.stringify(JSON.parse(await server.machine.readFile('/etc/docker/daemon.json')));
    const used = await sh(server, `docker info --format '{{json .RegistryConfig.Mirrors}}'`);
    return [
      is('/etc/docker/daemon.json', settings, JSON.stringify({ 'registry-mirrors': [world.registryUrl] })),
      is('mirrors that Docker uses', used.trim(), JSON.stringify([`${world.registryUrl}/`])),
    ];
  },
};

/** All of Docker's own packages are installed, from the lab's repository. */
export const dockerPackages: Judge = {
  name: "Docker's packages",
  async ask({ server }) {
    const names = [
      'containerd.io',
      'docker-buildx-plugin',
      'docker-ce',
      'docker-ce-cli',
      'docker-compose-plugin',
    ];
    const query = `dpkg-query -W -f '\${Package} \${db:Status-Status}\\n' ${names.join(' ')} 2>&1 || :`;
    const seen = (await sh(server, query)).trim().split('\n').sort().join(', ');
    return [is('packages', seen, names.map((name) => `${name} installed`).join(', '))];
  },
};

/** The health check, exactly as the overview states it. */
export const health: Judge = {
  name: 'health',
  async ask({ server }) {
    const command = ['curl', '-s', '-o', '/dev/null', '-m', '5', '-w', '%{http_code}'];
    const { stdout } = await server.machine.exec([...command, 'http://127.0.0.1:8008/health']);
    return [is('http://127.0.0.1:8008/health', stdout, '200')];
  },
};

export const database: Judge = {
  name: 'database',
  async ask({ server }) {
    const query = `select pg_encoding_to_char(encoding), datcollate, datctype from pg_database where datname = 'synapse'`;
    const psql = `docker exec ${containers.db} psql -U synapse -d synapse -At`;
    const seen = await sh(server, `${psql} -c "${query}"`);
    const version = await sh(server, `${psql} -c 'show server_version_num'`);
    const tables = await sh(server, `${psql} -c "select count(*) from pg_tables where tablename = 'events'"`);
    return [
      is('encoding|collation|character type', seen.trim(), 'UTF8|C|C'),
      is('major version of PostgreSQL', version.trim().slice(0, -4), '15'),
      is("Synapse's table of events", tables.trim(), '1'),
    ];
  },
};
