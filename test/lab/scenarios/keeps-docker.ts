// A server that already has Docker keeps its packages, settings and containers.
import { readFile } from 'node:fs/promises';
import { generate } from '../document';
import { dockerDaemon } from '../judges/inside';
import type { Lab } from '../lab';
import { waitForCloudInit } from '../machines/machine';
import type { Scenario } from '../scenario';
import { type Server, type ServerSpec, sh } from '../server';
import { holds, is, timed } from '../verdict';
import { judgeHealthy } from './first-boot';

const spec: ServerSpec = {
  name: 'delta',
  host: 14,
  domain: 'delta.test',
  options: { 'admin-user': 'alice' },
};

/** Prepares an owner's server: Docker with the owner's settings and a running container, but without the repository. */
const before = async ({ world }: Lab): Promise<string> => {
  const daemon = { 'registry-mirrors': [world.registryUrl], labels: ['owner=another'], debug: false };
  const packages = 'docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin';
  const config = {
    apt: {
      sources: {
        docker: {
          source: `deb [signed-by=$KEY_FILE] ${world.aptUrl} $RELEASE stable`,
          key: await readFile(world.aptKeyFile, 'utf8'),
        },
      },
    },
    write_files: [{ path: '/etc/docker/daemon.json', content: `${JSON.stringify(daemon, null, 4)}\n` }],
    packages: packages.split(' '),
    runcmd: [
      ['docker', 'volume', 'create', 'owned'],
      'docker run -d --name owned --restart unless-stopped -v owned:/srv vectorim/element-web:latest',
      'rm -r /etc/apt/sources.list.d/* /var/lib/apt/lists/*',
    ],
  };
  return `#cloud-config\n${JSON.stringify(config)}\n`;
};

/** Docker as its owner left it. */
const owned = (server: Pick<Server, 'machine'>): Promise<string> =>
  sh(
    server,
    `dpkg-query -W -f '\${Package} \${Version} \${db:Status-Status}\\n' 'docker*' containerd.io
sha256sum /etc/docker/*
docker inspect -f '{{.Id}} {{.Image}} {{.RestartCount}}' owned
docker volume inspect -f '{{.Name}} {{.CreatedAt}}' owned
systemctl show -p NRestarts docker`,
  );

export const keepsDocker: Scenario = {
  name: 'keeps-docker',
  what: 'a server that has Docker already keeps it, and needs no apt repository',
  servers: [],
  async run(lab, tell) {
    const machine = await lab.machine(spec, await before(lab));
    lab.progress('delta: Docker as its owner wants it');
    await machine.boot();
    const first = await waitForCloudInit(machine, 300_000 * lab.patience);
    if (first.status !== 'done')
      throw new Error(`the owner's Docker: ${first.status} ${first.errors.join('; ')}`);
    const asItWas = await owned({ machine });
    await machine.shutdown(120_000 * lab.patience);

    const made = await generate(lab.documentOptions(spec));
    await machine.reseed(made.document);
    const since = Date.now();
    const server = await lab.firstBoot(spec, machine, made);
    tell(
      await timed('Docker', async () => {
        const fetched = (await lab.world.apt.requests()).filter(
          ({ from, path }) => path.includes('/pool/') && addresses(server).includes(from),
        );
        const later = fetched.filter(({ time }) => time > since);
        await sh(server, 'echo >>/etc/docker/daemon.json');
        const touched = await owned(server);
        await sh(server, `truncate -s -1 /etc/docker/daemon.json`);
        return [
          is('packages, settings, container and volume', await owned(server), asItWas),
          holds('a changed setting is detected', touched !== asItWas, 'seen', 'seen'),
          is('packages fetched from the repository', later.length, 0),
          holds('packages that the owner fetched', fetched.length > 0, `${fetched.length}`, 'some'),
        ];
      }),
    );
    await judgeHealthy(lab, server, tell, [dockerDaemon]);
    await machine.destroy();
  },
};

const addresses = ({ machine }: Server): readonly string[] => [machine.address, machine.address6 ?? ''];
