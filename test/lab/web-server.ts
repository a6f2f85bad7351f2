// Web servers of the lab for domains that are not our servers: the bare domain of a delegation, Docker Hub.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from './lab';
import type { AnswersSettings, FixedAnswer } from './programs/answers';
import { Vantage } from './vantage';
import { run, startService, until } from './world/process';
import { acmeManagement } from './world/servers';

/**
 * A certificate that chains to pebble's root, as if it had been ordered: pebble publishes its intermediate's key
 * (letsencrypt/pebble, README, "Management interface").
 */
async function issue(
  { world }: Lab,
  folder: string,
  domain: string,
): Promise<{ key: string; chain: string }> {
  const ca = await readFile(world.acmeCaFile, 'utf8');
  const told = async (path: string) => (await world.fetch({ url: `${acmeManagement}/${path}`, ca })).body;
  const at = (name: string) => join(folder, name);
  const intermediate = await told('intermediates/0');
  await writeFile(at('ca.pem'), intermediate);
  await writeFile(at('ca.key'), await told('intermediate-keys/0'), { mode: 0o600 });
  const extensions = `subjectAltName=DNS:${domain}\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n`;
  await writeFile(at('leaf.ext'), extensions);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at('key.pem')];
  await run(['openssl', 'req', ...key, '-subj', `/CN=${domain}`, '-out', at('csr.pem')]);
  const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '30'];
  const leaf = ['openssl', 'x509', '-req', '-in', at('csr.pem'), '-extfile', at('leaf.ext'), ...signer];
  await writeFile(at('chain.pem'), `${await run(leaf)}${intermediate}`);
  return { key: at('key.pem'), chain: at('chain.pem') };
}

/**
 * Starts a web server on an address of its own that gives fixed answers for a domain, and names it in the DNS. It
 * ends with the lab.
 * @param host last number of its addresses.
 */
export async function serve(
  lab: Lab,
  domain: string,
  host: number,
  answers: Readonly<Record<string, FixedAnswer>>,
): Promise<void> {
  const name = `web${host}`;
  const place = await Vantage.open(lab.world, lab.options.registry, name, host);
  const settings: AnswersSettings = {
    ...(await issue(lab, place.folder, domain)),
    address: place.address,
    answers,
  };
  const argv = place.command([...(await place.program('answers')), JSON.stringify(settings)]);
  const service = startService(name, argv, { log: join(lab.world.logs, `${name}.log`) });
  lab.atEnd(() => service.stop());
  await lab.world.dns.set(domain, { a: [place.address] });
  const answer = async () => {
    const { error } = await lab.outside.fetch(`https://${domain}/`);
    if (error) throw new Error(error);
  };
  await until(`the web server of ${domain}`, 60, answer, [service]);
}
