import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { OptionName } from '../../../src/config/options';
import type { Arrival } from './arrival';
import { RIGHT } from './hostile';

/** The domain of every document in which the domain is not the tested value. */
export const DOMAIN = 'matrix.example.org';

type Check = (arrival: Arrival, value: string) => void | Promise<void>;
interface Case {
  readonly right: fc.Arbitrary<string>;
  readonly arrived: Check;
}

const COMPOSE = '/docker-compose.yml';
const image = (service: string, file = COMPOSE): Case => ({
  right: RIGHT.image,
  arrived: async (arrival, value) =>
    assert.is(await arrival.compose(file, 'services', service, 'image'), value),
});

/** Per option: valid values, and how to read one back. */
export const CASES: Partial<Record<OptionName, Case>> = {
  domain: {
    right: RIGHT.domain,
    arrived: async (arrival, given) => {
      const value = given.toLowerCase();
      assert.is(await arrival.yaml('/homeserver.yaml', 'public_baseurl'), `https://${value}/`);
      assert.is(await arrival.yaml('/homeserver.yaml', 'server_name'), value);
      assert.is(arrival.setting('DOMAIN'), value);
      assert.ok(arrival.paths.includes(`/data/nginx/user_conf.d/${value}.conf`));
      const site = arrival.text(`/${value}.conf`);
      assert.match(site, new RegExp(`^ *server_name ${value.replaceAll('.', '\\.')};$`, 'm'));
      // nginx itself inserts the name.
      assert.ok(site.includes(`'{"m.server":"$server_name:443"}'`));
    },
  },
  'server-name': {
    right: RIGHT.domain,
    arrived: async (arrival, given) => {
      const value = given.toLowerCase();
      assert.is(await arrival.yaml('/homeserver.yaml', 'server_name'), value);
      assert.is(await arrival.yaml('/homeserver.yaml', 'signing_key_path'), `/data/${value}.signing.key`);
      assert.is(arrival.setting('SERVER_NAME'), value);
      const element = arrival.json('/element-config.json') as {
        default_server_config: { 'm.homeserver': { server_name: string; base_url: string } };
      };
      assert.is(element.default_server_config['m.homeserver'].server_name, value);
      assert.is(element.default_server_config['m.homeserver'].base_url, `https://${DOMAIN}`);
    },
  },
  email: {
    right: RIGHT.email,
    arrived: async (arrival, value) =>
      assert.is(
        await arrival.compose('/root/nginx/compose.yml', 'services', 'nginx', 'environment', 'CERTBOT_EMAIL'),
        value,
      ),
  },
  'acme-url': {
    right: RIGHT.url,
    arrived: (arrival, value) => {
      const lines = arrival.text('/nginx-certbot.env').split('\n');
      assert.ok(lines.includes(`CERTBOT_PRODUCTION_URL=${value}`));
    },
  },
  'admin-user': {
    right: RIGHT.user,
    arrived: (arrival, value) => assert.is(arrival.setting('ADMIN_USER'), value),
  },
  'db-password': {
    right: RIGHT.password,
    arrived: async (arrival, value) => {
      assert.is(arrival.setting('DB_PASSWORD'), value);
      const environment = await arrival.yaml(COMPOSE, 'services', 'db', 'environment');
      const inCompose = (environment as Record<string, unknown>).POSTGRES_PASSWORD;
      if (inCompose !== undefined) assert.is(inCompose, value);
    },
  },
  'postgres-image': image('db'),
  'synapse-image': image('synapse'),
  'element-image': image('element'),
  'nginx-image': image('nginx', '/root/nginx/compose.yml'),
  'registry-mirror': {
    right: RIGHT.origin,
    arrived: (arrival, value) =>
      assert.equal(JSON.parse(arrival.setting('DAEMON_JSON')), {
        'registry-mirrors': [value.replace(/\/$/, '')],
      }),
  },
  'docker-apt-url': {
    right: RIGHT.url,
    arrived: (arrival, value) => assert.is(arrival.setting('DOCKER_APT_URL'), value.replace(/\/$/, '')),
  },
  'base-dir': {
    right: RIGHT.directory,
    arrived: (arrival, given) => {
      const value = given.replace(/\/$/, '');
      assert.is(arrival.setting('BASE_DIR'), value);
      for (const name of ['docker-compose.yml', 'element-config.json']) {
        assert.ok(arrival.paths.includes(`${value}/${name}`), name);
      }
      const words = arrival.words('up -d db');
      assert.equal(words.slice(0, 4), ['docker', 'compose', '-f', `${value}/docker-compose.yml`]);
    },
  },
  'synapse-bind': {
    right: RIGHT.address,
    arrived: async (arrival, given) => {
      const value = given.toLowerCase();
      const ports = (await arrival.yaml(COMPOSE, 'services', 'synapse', 'ports')) as string[];
      const address = value.includes(':') ? `[${value}]` : value;
      assert.ok(ports.includes(`${address}:8008:8008`), ports.join());
    },
  },
  timezone: {
    right: RIGHT.zone,
    arrived: ({ config }, value) => assert.is(config.timezone, value),
  },
  'ssh-key': {
    right: RIGHT.sshKey,
    arrived: ({ config }, value) => assert.equal(config.ssh_authorized_keys, [value]),
  },
  'health-timeout': {
    right: RIGHT.seconds,
    arrived: (arrival, value) => assert.is(arrival.setting('HEALTH_TIMEOUT'), value),
  },
  'restore-from': {
    right: RIGHT.backup,
    arrived: (arrival, value) => assert.is(arrival.setting('RESTORE_FROM'), value),
  },
  backup: {
    right: fc.constant('daily'),
    arrived: (arrival) => assert.is(arrival.setting('BACKUP_KEEP'), '7'),
  },
  'backup-keep': { right: fc.constantFrom('1', '7', '9999'), arrived: () => {} },
  tls: { right: fc.constantFrom('letsencrypt', 'staging', 'local-ca'), arrived: () => {} },
  distro: { right: fc.constantFrom('ubuntu', 'debian'), arrived: () => {} },
  format: { right: fc.constant('yaml'), arrived: () => {} },
  provider: { right: fc.constant('digitalocean'), arrived: () => {} },
};
