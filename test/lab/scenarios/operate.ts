// Daily operation: matrixctl's commands on a healthy server and on a broken one, and an update that must be rolled back.
import type { Lab } from '../lab';
import { pause } from '../machines/run';
import { belongings, call, login, matrixctl, register } from '../matrixctl';
import { bootOperated, newSynapse, synapseImage } from '../operated';
import type { Place } from '../place';
import type { Scenario } from '../scenario';
import { containers, sh } from '../server';
import { holds, is, type Judgement, timed, type Verdict } from '../verdict';
import { run } from '../world/process';

interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'failed' | 'error';
  readonly seen: string;
  readonly advice: string;
}

/** The doctor's findings; its JSON and its text must agree. */
async function examine(place: Place): Promise<{ code: number; findings: Finding[] }> {
  const { code, stdout, stderr } = await matrixctl(place, 'doctor --json');
  if (!stdout.startsWith('[')) throw new Error(`doctor: exit code ${code}: ${stderr}`);
  return { code, findings: JSON.parse(stdout) as Finding[] };
}

const named = (findings: readonly Finding[], verdict: Finding['verdict']): string =>
  findings
    .filter((finding) => finding.verdict === verdict)
    .map(({ check }) => check)
    .join('; ');

async function healthy(place: Place): Promise<Verdict[]> {
  const { code, findings } = await examine(place);
  const told = await matrixctl(place, 'doctor');
  const seen = (name: string) => findings.find(({ check }) => check === name)?.seen ?? '';
  return [
    is('nothing failed', named(findings, 'failed'), ''),
    is('no check is defective', named(findings, 'error'), ''),
    is('exit code', code, 0),
    holds('number of findings', findings.length >= 18, `${findings.length}`, '18 or more'),
    holds(
      'days of the certificate',
      /^\d+ days left$/.test(seen('certificate')),
      seen('certificate'),
      'N days left',
    ),
    is('one line per finding in the text', told.stdout.trim().split('\n').length, findings.length),
  ];
}

/** Faults: the shell that breaks and repairs something, and the checks that must report it. */
const breakages = [
  ['Synapse stopped', `docker stop ${containers.synapse}`, `docker start ${containers.synapse}`, 'Synapse'],
  ['nginx stopped', `docker stop ${containers.nginx}`, `docker start ${containers.nginx}`, 'federation 8448'],
  [
    'a secret for all to read',
    'chmod 644 /data/matrix/files/form_secret',
    'chmod 600 /data/matrix/files/form_secret',
    'owners and modes',
  ],
] as const;

async function broken(place: Place): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const [what, breaking, mending, check] of breakages) {
    await sh(place.server, breaking);
    const { code, findings } = await examine(place);
    await sh(place.server, mending);
    const failed = named(findings, 'failed');
    verdicts.push(holds(what, code === 1 && failed.includes(check), `${code}: ${failed}`, `1: ${check}`));
  }
  await matrixctl(place, 'up');
  return verdicts;
}

async function accounts(place: Place): Promise<Verdict[]> {
  const { server } = place;
  const made = await matrixctl(place, 'user bob');
  const again = await matrixctl(place, 'user bob');
  const password = (await sh(server, 'cat /root/matrix-password-bob')).trim();
  const invitation = await matrixctl(place, 'token');
  const token = invitation.stdout.trim();
  const invited = await register(place, 'carol', 'a long password', token);
  const there = await matrixctl(place, 'user carol');
  const written = await sh(server, 'ls /root');
  const session = await login(place, 'bob', password);
  const renewed = await matrixctl(place, 'password bob');
  const unknown = await matrixctl(place, 'password unknown');
  const fresh = (await sh(server, 'cat /root/matrix-password-bob')).trim();
  const former = await login(place, 'bob', password).catch(() => 'refused');
  const whoami = await call(place, '/_matrix/client/v3/account/whoami', { token: session });
  const second = await register(place, 'mallory', 'a long password', token);
  const guessed = await register(place, 'mallory', 'a long password', 'guessed');
  return [
    is('user, created twice', `${made.code} ${again.code}`, '0 1'),
    holds('the docker command is shown', made.stderr.includes('+ docker exec'), made.stderr, '+ docker exec'),
    holds('the password works', session !== '', 'a token', 'a token'),
    is('an account is created with a token', invited.status, 200),
    holds('whose password stays', there.code === 1, `${there.code}: ${there.stdout}`, '1: is there already'),
    holds('and no other is written for it', !written.includes('carol'), written, 'no carol'),
    holds(
      'the token comes with an address for a browser',
      /^\S+$/.test(token) && invitation.stderr.includes(`https://${server.domain}/#/register`),
      invitation.stderr,
      'the address',
    ),
    is('a new password, and none for an unknown user', `${renewed.code} ${unknown.code}`, '0 1'),
    holds('the new one works', (await login(place, 'bob', fresh)) !== '', 'a token', 'a token'),
    is('the former one does not work', former, 'refused'),
    is('an earlier session continues', whoami.status, 200),
    is('only one account per token', second.status, 401),
    is('no account with a guessed token', guessed.status, 401),
  ];
}

async function words(place: Place): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const before = await sh(place.server, `docker inspect -f '{{.Id}}' $(docker ps -q)`);
  for (const [word, expected] of [
    ['status', /"phase":"ready"/],
    ['logs synapse', /synapse/],
    ['logs nginx', /nginx/],
    ['pull', /\+ docker compose -f \/data\/matrix\/docker-compose\.yml pull/],
    ['clean', /\+ docker system prune -f/],
    ['restart', /\+ docker compose -f \/root\/nginx\/compose\.yml restart/],
    ['tls retry', /\+ docker kill -s HUP nginx-nginx-1/],
    ['up', /\+ docker compose/],
  ] as const) {
    const { code, stdout, stderr } = await matrixctl(place, word);
    const ok = code === 0 && expected.test(stdout + stderr);
    verdicts.push(holds(word, ok, `${code}: ${(stdout + stderr).slice(-200)}`, expected.source));
  }
  const after = await sh(place.server, `docker inspect -f '{{.Id}}' $(docker ps -q)`);
  verdicts.push(is('no container was recreated', after, before));
  const nonsense = await matrixctl(place, 'nonsense');
  verdicts.push(holds('another word is refused', nonsense.code === 1, nonsense.stderr, 'the words'));
  return verdicts;
}

/** A self-signed certificate for 90 days with two and a half days left. */
const OLD_CERTIFICATE = `
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, sys.argv[1])])
end = datetime.datetime.utcnow() + datetime.timedelta(days=2, hours=12)
builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
builder = builder.serial_number(1).not_valid_before(end - datetime.timedelta(days=90)).not_valid_after(end)
builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(sys.argv[1])]), False)
encoding, none = serialization.Encoding.PEM, serialization.NoEncryption()
print(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, none).decode(), end='')
print(builder.sign(key, hashes.SHA256()).public_bytes(encoding).decode(), end='')`;

/** Gives nginx a certificate that expires soon, and runs the timer at once. */
async function nearItsEnd(place: Place): Promise<Verdict[]> {
  const { server, outside } = place;
  const { domain, machine } = server;
  const made = await run(['/usr/bin/python3', '-W', 'ignore', '-c', OLD_CERTIFICATE, domain]);
  const [key = '', certificate = ''] = made.split(/(?=-----BEGIN CERTIFICATE)/);
  const live = `$(docker volume inspect -f '{{.Mountpoint}}' nginx_nginx_secrets)/live/${domain}`;
  await machine.exec(`cat >${live}/privkey.pem`, { input: key });
  await machine.exec(`tee ${live}/cert.pem ${live}/chain.pem >${live}/fullchain.pem`, { input: certificate });
  await sh(
    server,
    `docker exec ${containers.nginx} nginx -s reload
sleep 2
touch -d '1 hour ago' /var/lib/gen-cloudinit/order`,
  );
  const { findings } = await examine(place);
  const before = findings.find(({ check }) => check === 'certificate');
  await sh(server, 'systemctl start matrix.service');
  let error = 'not asked';
  for (let i = 0; error !== '' && i < 30; i++) {
    ({ error } = await outside.fetch(`https://${domain}/`));
    if (error !== '') await pause(2000);
  }
  return [
    is('the doctor', `${before?.verdict}: ${before?.seen}`, 'failed: 2 days left'),
    is('a new certificate is in use', error, ''),
  ];
}

/** A newer Synapse image that starts. */
async function update(lab: Lab, place: Place): Promise<Verdict[]> {
  const before = await synapseImage(place);
  await newSynapse(lab, 'omega', 'starts');
  const had = await belongings(place.server);
  const { code, stdout, stderr } = await matrixctl(place, 'update');
  const { findings } = await examine(place);
  const dump = await sh(place.server, 'stat -c %a /var/backups/matrix/before-update.dump');
  const idle = await sh(place.server, 'docker ps -q --no-trunc | sort');
  const again = await matrixctl(place, 'update');
  return [
    is('exit code', code, 0),
    holds('says so', /gen-cloudinit: updated/.test(stdout), (stdout + stderr).slice(-300), 'updated'),
    holds('another image', (await synapseImage(place)) !== before, 'compared', 'another'),
    is('no check fails afterwards', named(findings, 'failed'), ''),
    holds('the same data', (await belongings(place.server)) === had, 'compared', 'the same'),
    is('the dump made before is for root alone', dump.trim(), '600'),
    is(
      'the replaced image is removed',
      (await place.server.machine.exec(`docker image inspect ${before.trim()} >/dev/null 2>&1`)).code,
      1,
    ),
    holds(
      'without new images the command reports that',
      /no new images/.test(again.stdout),
      again.stdout,
      'no new images',
    ),
    holds('and stops nothing', !again.stderr.includes(' stop '), again.stderr.slice(-300), 'no stop'),
    is('the same containers', await sh(place.server, 'docker ps -q --no-trunc | sort'), idle),
  ];
}

/** A newer Synapse image that must be rolled back. */
async function goesBack(
  lab: Lab,
  place: Place,
  kind: Parameters<typeof newSynapse>[2],
  told = /^/,
): Promise<Verdict[]> {
  const before = await synapseImage(place);
  const had = await belongings(place.server);
  const mend = await newSynapse(lab, 'omega', kind);
  const { code, stdout, stderr } = await matrixctl(place, 'update');
  const after = await synapseImage(place);
  await mend();
  const { findings } = await examine(place);
  return [
    is('exit code', code, 1),
    holds(
      'says so',
      /the former images.* run again/.test(stderr) && told.test(stderr),
      (stdout + stderr).slice(-300),
      `the former images run again ${told.source}`,
    ),
    is('the previous image', after, before),
    is('no check fails afterwards', named(findings, 'failed'), ''),
    holds('the same data', (await belongings(place.server)) === had, 'compared', 'the same'),
  ];
}

export const operate: Scenario = {
  name: 'operate',
  what: 'matrixctl: users, tokens, doctor, the small words, a certificate near its end, an update, and two that go back',
  servers: [],
  async run(lab, tell) {
    const server = await bootOperated(lab, 'omega', 41);
    const place = lab.place(server);
    const judge = async (name: string, work: () => Promise<Verdict[]>): Promise<Judgement> =>
      timed(name, work);
    tell(await judge('doctor of a healthy server', () => healthy(place)));
    tell(await judge('accounts', () => accounts(place)));
    tell(await judge('words', () => words(place)));
    tell(await judge('doctor of a broken server', () => broken(place)));
    tell(await judge('certificate that expires soon', () => nearItsEnd(place)));
    tell(await judge('update', () => update(lab, place)));
    tell(await judge('update to an image that does not start', () => goesBack(lab, place, 'ends')));
    // The previous images do not accept the database any more: the rollback restores it too.
    const restored = /the former images and database/;
    tell(
      await judge('update to an image that damages the database', () =>
        goesBack(lab, place, 'migratesAndEnds', restored),
      ),
    );
    if (!lab.options.keep) await server.machine.destroy();
  },
};
