// A backup restores the same server on a fresh machine, by the document alone.

import { basename } from 'node:path';
import { generate } from '../document';
import { waitForCloudInit } from '../machines/machine';
import { belongings, call, login, matrixctl } from '../matrixctl';
import type { Place } from '../place';
import { type RemoteImage, remoteImage, seen } from '../remote-media';
import type { Scenario } from '../scenario';
import { type ServerSpec, sh } from '../server';
import { holds, is, timed, type Verdict } from '../verdict';
import { judgeHealthy } from './first-boot';

const archive = '/root/matrix.tar.gz';
const spec: ServerSpec = {
  name: 'sigma',
  host: 42,
  domain: 'sigma.test',
  options: { 'admin-user': 'alice' },
};
const reborn: ServerSpec = {
  ...spec,
  name: 'tau',
  host: 43,
  options: { ...spec.options, 'restore-from': archive, backup: 'daily' },
};

/** Another server of the internet, which keeps running while this one is lost and restored. */
const elsewhere: ServerSpec = {
  name: 'rho',
  host: 45,
  domain: 'rho.test',
  options: { 'admin-user': 'alice' },
};

/** Whether a user of the server sees another server's image, in full and as a thumbnail. */
async function imageComes(place: Place, token: string, image: RemoteImage): Promise<Verdict[]> {
  return [
    is("another server's image", await seen(place, token, image), `200 ${image.sha256}`),
    holds(
      'and its thumbnail',
      /^200 /.test(await seen(place, token, image, 'thumbnail')),
      await seen(place, token, image, 'thumbnail'),
      '200',
    ),
  ];
}

/** Creates the data for a backup: users, a room with messages, media. @returns the user's token */
export async function live(place: Place): Promise<string> {
  for (const name of ['bob', 'carol', 'dave']) await matrixctl(place, `user ${name}`);
  const token = await login(place, 'bob', (await sh(place.server, 'cat /root/matrix-password-bob')).trim());
  const client = '/_matrix/client/v3';
  const room = (await call(place, `${client}/createRoom`, { body: { name: 'memories' }, token })).data
    .room_id;
  // Synapse accepts ten messages at once, then one every five seconds (rc_message).
  for (let i = 0; i < 9; i++) {
    const path = `${client}/rooms/${room}/send/m.room.message/${i}`;
    const body = JSON.stringify({ msgtype: 'm.text', body: `message ${i} \u00fc \u{1f600}` });
    await sh(
      place.server,
      `curl -fsS -X PUT -H 'Authorization: Bearer ${token}' -d '${body}' http://127.0.0.1:8008${path}`,
    );
  }
  await sh(
    place.server,
    `head -c 300000 /dev/urandom >/tmp/photo && curl -fsS -H 'Authorization: Bearer ${token}' -H 'Content-Type: image/png' --data-binary @/tmp/photo http://127.0.0.1:8008/_matrix/media/v3/upload`,
  );
  return token;
}

/** Backups that must not be restored. */
async function refusals(place: Place): Promise<Verdict[]> {
  const { server } = place;
  await sh(
    server,
    `cd /root && cp ${archive} damaged && printf x | dd of=damaged bs=1 seek=20000 conv=notrunc status=none
mkdir o && tar -C o -xzf ${archive} && sed -i 's/sigma.test/other.test/g' o/manifest.json && cd o && sed -i '/manifest/d' SHA256SUMS && sha256sum manifest.json >>SHA256SUMS && tar -czf ../other *`,
  );
  const before = await belongings(server);
  const verdicts: Verdict[] = [];
  for (const [file, why] of [
    [archive, /there are users or rooms here/],
    ['/root/damaged', /is damaged/],
    ['/root/damaged --force', /is damaged/],
    ['/root/other --force', /is not of sigma\.test/],
    ['/root/nothing', /there is no \/root\/nothing/],
  ] as const) {
    const { code, stderr } = await matrixctl(place, `restore ${file}`);
    verdicts.push(holds(file, code === 1 && why.test(stderr), `${code}: ${stderr.slice(-200)}`, why.source));
  }
  verdicts.push(holds('nothing was changed', (await belongings(server)) === before, 'compared', 'the same'));
  return verdicts;
}

/** Runs the timer's work at once: it makes the first backup and one that is due, no others, and keeps seven. */
async function nightly(place: Place): Promise<Verdict[]> {
  const { server } = place;
  const list = async () =>
    (await sh(server, 'cd /var/backups/matrix && ls matrix-*.tar.gz')).trim().split('\n');
  // The timer may already be running.
  const tick = () => sh(server, 'sleep 2; systemctl start matrix.service');
  await tick();
  const first = await list();
  await sh(
    server,
    `cd /var/backups/matrix
for day in 1 2 3 4 5 6 7 8; do touch -d '3 days ago' matrix-2020010$day-030000.tar.gz; done
touch -d '3 days ago' matrix-*.tar.gz /var/lib/gen-cloudinit/tried`,
  );
  await tick();
  const due = await list();
  await tick();
  return [
    is('the first', first.length, 1),
    is('seven are kept', due.length, 7),
    holds('the newest are among them', due.at(-2) === first[0], due.join(' '), `${first[0]} and a newer one`),
    is('and none is made before its time', (await list()).join(), due.join()),
  ];
}

export const rebirth: Scenario = {
  name: 'rebirth',
  what: 'a backup, put back on a fresh machine by its document, is the same server',
  servers: [],
  async run(lab, tell) {
    const [first, other] = await Promise.all([lab.boot(spec), lab.boot(elsewhere)]);
    const place = lab.place(first);
    const token = await live(place);
    const image = await remoteImage(lab.place(other));
    tell(await timed('remote media', () => imageComes(place, token, image)));
    const made = await matrixctl(place, `backup ${archive}`);
    const before = await belongings(first);
    tell(
      await timed('backup', async () => [
        is('exit code', made.code, 0),
        is('mode and owner', (await sh(first, `stat -c '%a %U' ${archive}`)).trim(), '600 root'),
        is('nothing else is left next to it', (await sh(first, `ls -d ${archive}*`)).trim(), archive),
        is(
          'neither remote media nor one-time keys',
          (await sh(first, `tar -tzf ${archive} | grep -c 'remote_\\|url_cache\\|pgpass' || :`)).trim(),
          '0',
        ),
      ]),
    );
    tell(await timed('what is refused', () => refusals(place)));

    // Restores by URL over existing data: data newer than the backup is gone, data from before it is back.
    await matrixctl(place, 'user late');
    const port = 8020;
    await sh(
      first,
      `systemd-run -q python3 -m http.server ${port} --bind 127.0.0.1 --directory /root; sleep 2`,
    );
    const url = `http://127.0.0.1:${port}/${basename(archive)}`;
    const forced = await matrixctl(place, `restore ${url} --force`);
    await sh(first, 'systemctl start matrix.service');
    const fetched = await sh(first, 'ls /var/backups/matrix | grep fetched || :');
    tell(
      await timed('restore --force', async () => [
        holds('exit code', forced.code === 0, `${forced.code}: ${forced.stderr.slice(-200)}`, '0'),
        is('what was fetched is gone after it', fetched, ''),
        holds(
          'the same server as at the backup',
          (await belongings(first)) === before,
          'compared',
          'the same',
        ),
        ...(await imageComes(place, token, image)),
      ]),
    );

    const file = (await sh(first, `base64 -w0 ${archive}`)).trim();
    await first.machine.destroy();
    const { document, report } = await generate(lab.documentOptions(reborn));
    const machine = await lab.machine(reborn, document);
    await machine.boot();
    await machine.exec(`base64 -d >${archive}`, { input: file });
    const status = await waitForCloudInit(machine, 400_000 * lab.patience);
    const { name, domain } = reborn;
    const second = { name, domain, serverName: domain, machine, document, report, status, seconds: 0 };
    tell(
      await timed('the fresh machine', async () => {
        const after = await belongings(second);
        const lines = before.split('\n');
        const missing = lines.filter((line) => !after.includes(line));
        const whoami = await call(lab.place(second), '/_matrix/client/v3/account/whoami', { token });
        return [
          is('what was is there, each event, account and file', missing.length, 0),
          holds('and that is much', lines.length > 25, `${lines.length} lines`, 'more than 25'),
          is('the earlier token is still valid', `${whoami.data.user_id}`, '@bob:sigma.test'),
          is(
            'the nightly timer is there',
            (await sh(second, 'systemctl is-enabled matrix.timer')).trim(),
            'enabled',
          ),
        ];
      }),
    );
    // The backup omits its file, so Synapse has to fetch it again.
    tell(await timed('remote media, again', () => imageComes(lab.place(second), token, image)));
    await judgeHealthy(lab, second, tell);
    tell(await timed('nightly backups', () => nightly(lab.place(second))));
    if (!lab.options.keep) await Promise.all([machine.destroy(), other.machine.destroy()]);
  },
};
