// An image made by the bake: nothing personal is in it, and servers made from it need no download.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { audit, summarize } from '../../../src/bake/audit';
import { directoryTree } from '../../../src/bake/image-files';
import { bake, bakeUserData, withoutDownloads } from '../baking';
import { generate, spoiled } from '../document';
import type { Lab } from '../lab';
import type { NspawnImage, NspawnMachine } from '../machines/nspawn';
import type { Scenario } from '../scenario';
import { baseDir, type Server, type ServerSpec, sh } from '../server';
import { holds, is, type Judgement, timed } from '../verdict';
import { judgeHealthy } from './first-boot';

type Tell = (judgement: Judgement) => void;

const maker: ServerSpec = { name: 'maker', host: 61, domain: 'maker.test' };
const leaky: ServerSpec = { name: 'leaky', host: 62, domain: 'leaky.test' };
const options = { 'admin-user': 'alice' };
const twins = [
  { name: 'castor', host: 63, domain: 'castor.test', options, how: 'refused' },
  { name: 'pollux', host: 64, domain: 'pollux.test', options, how: 'silent' },
] as const;
const fresh: ServerSpec = { name: 'fresh', host: 65, domain: 'fresh.test', options };

/** Values of the machine that makes an image, which must not be in the image. */
const forbidden = [{ what: 'the domain', text: 'private.test' }];
const look = (root: string) => audit(directoryTree(root), forbidden);

/** Planted things: each alone must make the audit fail, with the given message. */
const plants: readonly (readonly [path: string, content: string, says: RegExp])[] = [
  ['etc/ssh/ssh_host_ed25519_key', 'any', /^an SSH host key \(/],
  ['opt/spare/tls.key', '-----BEGIN PRIVATE KEY-----\n', /^a private key \(\/opt\/spare/],
  ['var/lib/cloud/instances/i-1/user-data.txt', '#cloud-config\n', /^user data or a state of cloud-init \(/],
  ['var/backups/note', '#cloud-config\n# gen-cloudinit bake\n', /^user data \(\/var\/backups\/note\)/],
  ['etc/motd', 'Welcome to private.test\n', /^the domain \(\/etc\/motd\)/],
  ['etc/docker/key.json', '{}', /^the id of Docker or containerd \(/],
];

/** Everything that identifies a server: files with their checksums, and Docker's ids. */
const identity = `
cd /
for f in etc/machine-id etc/ssh/ssh_host_* var/lib/docker/engine-id root/matrix-*password* ${baseDir}/db-password \
  var/lib/containerd/io.containerd.grpc.v1.introspection/uuid ${baseDir}/files/*.key ${baseDir}/files/*secret* ${baseDir}/files/pgpass
do [ ! -f $f ] || sha256sum $f; done
echo "$(docker info -f '{{.ID}}')  docker info"`;

async function judgeAudit(made: NspawnMachine, lab: Lab, tell: Tell): Promise<void> {
  tell(
    await timed('audit from outside', async () => [
      is('found on the disk', summarize(await made.inspect(look)), ''),
    ]),
  );
  tell(
    await timed('the audit can say no', async () => {
      const verdicts = [];
      for (const [path, content, says] of plants) {
        const folder = join(lab.options.registry.folder, 'planted');
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), content);
        const said = summarize(await made.inspect(look, folder));
        verdicts.push(holds(`/${path}`, says.test(said), said, says.source));
        await rm(folder, { recursive: true });
      }
      return verdicts;
    }),
  );
}

/** The audit on the machine itself must also find a copy of a host key in a place that no table lists. */
async function judgeOwnAudit(lab: Lab, image: NspawnImage, tell: Tell): Promise<void> {
  const userData = spoiled(
    await bakeUserData(lab, leaky),
    '- systemctl daemon-reload\n',
    '- systemctl daemon-reload\n- cp /etc/ssh/ssh_host_ed25519_key.pub /usr/share/doc/left\n- cp /etc/ssh/ssh_host_rsa_key /opt/left\n',
  );
  const { machine, word } = await bake(lab, leaky, userData, image);
  const expected =
    /^failed: the image would hold .*a private key: \/opt\/left;.*of this machine: \/usr\/share\/doc\/left;/;
  tell(
    await timed("the machine's own audit can say no", async () => [
      holds('a host key left in two places', expected.test(word), word, expected.source),
    ]),
  );
  await machine.destroy();
}

/** A server from the image, with the ordinary document and without repository and registry. */
async function fromImage(
  lab: Lab,
  spec: ServerSpec & { readonly how: 'refused' | 'silent' },
  image: NspawnImage,
): Promise<Server> {
  const generated = await generate(lab.documentOptions(spec));
  const machine = await lab.nspawn(spec, generated.document, image);
  await withoutDownloads(lab, machine, spec.how);
  return lab.firstBoot(spec, machine, generated);
}

export const baked: Scenario = {
  name: 'baked',
  what: 'an image holds nothing personal; two servers from it get healthy without repository and registry, and share no secret',
  servers: [],
  kind: 'nspawn',
  async run(lab, tell) {
    const made = await bake(lab, maker, await bakeUserData(lab, maker));
    tell(
      await timed('bake', async () => [holds('its last word', /^ready/.test(made.word), made.word, 'ready')]),
    );
    await judgeAudit(made.machine, lab, tell);
    const { image } = made.machine;
    await judgeOwnAudit(lab, image, tell);

    const servers: Server[] = [];
    for (const spec of twins) {
      const server = await fromImage(lab, spec, image);
      servers.push(server);
      await judgeHealthy(lab, server, tell);
    }
    tell(
      await timed('no secret is shared', async () => {
        const [one, two] = await Promise.all(
          servers.map(async (server) =>
            (await sh(server, identity)).replaceAll(server.domain, 'DOMAIN').trim().split('\n'),
          ),
        );
        const shared = (one ?? []).filter((line) => two?.includes(line));
        return [
          holds('files and ids looked at', (one?.length ?? 0) >= 16, `${one?.length}`, '16 or more'),
          is('the same on both', shared.join('; '), ''),
        ];
      }),
    );
    for (const { machine } of servers) await machine.destroy();

    const without = await lab.boot(fresh);
    tell(
      await timed('time', async () => {
        const times = servers.map(({ seconds }) => seconds);
        const seen = `from the image ${times.map((time) => time.toFixed(1)).join(' and ')} s, fresh ${without.seconds.toFixed(1)} s, the bake ${made.seconds.toFixed(1)} s`;
        lab.progress(seen);
        return [
          holds('boot to healthy', (times[0] ?? Infinity) < without.seconds, seen, 'sooner from the image'),
        ];
      }),
    );
    await without.machine.destroy();
    await made.machine.destroy();
  },
};
