/** Which certificate the probes from outside accept, and who signed it. */
import type { Machine } from '../machines/machine';
import { quoted } from '../server/escape';
import { pause } from '../system/wait';
import { type Check, judging } from './check';
import type { Expectations } from './expectations';
import { ask, type Trust, type Way } from './outside/request';
import { canEnter, type Enterable, printed } from './shell';

const { holds, unknown } = judging('from outside');

export interface Certified {
  /** Absent when the machine offers no TLS. */
  readonly trust?: Trust;
  readonly points: readonly Check[];
  /** What a reader of the report has to know. */
  readonly notes: readonly string[];
}

/** Milliseconds: nginx-certbot creates its certificate some seconds after it has started. */
const WITHIN = 90_000;
const LOOK = 3_000;

const LOCAL_CA =
  "The certificate is signed by a CA made on the machine (tls local-ca), because the domain does not point to it; Let's Encrypt was not involved.";

/** A compose file next to the deployment's own, which does not change. */
export const OVERRIDE = '/root/nginx/verify-local-ca.yml';

/**
 * Finds out how to check TLS. Where a document orders a certificate that did not come, and the machine can be entered,
 * a compose file next to the deployment's makes nginx use a CA of its own.
 * @param reach where the machine's ports are reached
 */
export async function certify(
  machine: Machine,
  expectations: Expectations,
  reach: Way['reach'],
  signal: AbortSignal,
): Promise<Certified> {
  if (expectations.signer === 'local-ca') {
    if (!canEnter(machine)) return unverified(expectations, reach);
    return byLocalCa(machine, expectations, reach, signal, [LOCAL_CA]);
  }
  const certificate = await ask(
    { domain: expectations.domain, reach, trust: { kind: 'verified' } },
    { path: '/' },
  );
  if (certificate.certificate) {
    const { issuer } = certificate.certificate;
    return {
      trust: { kind: 'verified' },
      points: [holds('certificate', true, `signed by ${issuer}`, `verified, for ${expectations.domain}`)],
      notes: [],
    };
  }
  if (!canEnter(machine)) return withoutCertificate(expectations, certificate.error);
  await takeLocalCa(machine, expectations);
  return byLocalCa(machine, expectations, reach, signal, [
    `The document orders its certificate from ${SIGNERS[expectations.signer]}, which cannot work while ${expectations.domain} does not point to the machine (${certificate.error}).`,
    `For the probes from outside nginx got a CA created on the machine, by ${OVERRIDE} next to the deployment's own file; the order itself was not judged.`,
  ]);
}

const SIGNERS = {
  letsencrypt: "Let's Encrypt",
  staging: "Let's Encrypt's staging server",
  acme: 'an ACME server of its own',
} as const;

/** With a way in: the CA is read on the machine, and nothing else is trusted. */
async function byLocalCa(
  machine: Enterable,
  expectations: Expectations,
  reach: Way['reach'],
  signal: AbortSignal,
  notes: readonly string[],
): Promise<Certified> {
  const end = performance.now() + WITHIN * (machine.patience ?? 1);
  const chain = `/etc/letsencrypt/live/${expectations.certificateName}/chain.pem`;
  const script = `docker exec ${quoted(expectations.proxy)} cat ${quoted(chain)} 2>/dev/null`;
  let why = 'there is no certificate';
  for (;;) {
    const ca = await printed(machine, script);
    if (ca.includes('BEGIN CERTIFICATE')) {
      const trust: Trust = { kind: 'verified', ca };
      const { certificate, error } = await ask({ domain: expectations.domain, reach, trust }, { path: '/' });
      if (certificate) {
        const seen = `signed by ${certificate.issuer}, the CA made on the machine`;
        return {
          trust,
          points: [holds('certificate', true, seen, `verified, for ${expectations.domain}`)],
          notes,
        };
      }
      why = error;
    }
    if (performance.now() > end) break;
    await pause(LOOK, signal);
  }
  const point = holds('certificate', false, why, `verified, for ${expectations.domain}`);
  return { trust: { kind: 'unverified' }, points: [point], notes };
}

/** Without a way in the CA made on the machine cannot be read: only the names can be judged, not the signature. */
async function unverified(expectations: Expectations, reach: Way['reach']): Promise<Certified> {
  const trust: Trust = { kind: 'unverified' };
  const { certificate, error } = await ask({ domain: expectations.domain, reach, trust }, { path: '/' });
  const names = certificate?.names.split(', ') ?? [];
  return {
    trust,
    points: [
      holds(
        "certificate's names",
        names.includes(`DNS:${expectations.domain}`),
        certificate?.names ?? error,
        `DNS:${expectations.domain}`,
      ),
      unknown("certificate's signature", 'the CA made on the machine cannot be read without a way in', false),
    ],
    notes: [LOCAL_CA],
  };
}

function withoutCertificate({ domain, signer }: Expectations, error: string): Certified {
  const why = `no certificate of ${SIGNERS[signer === 'local-ca' ? 'acme' : signer]} (${error}), and no way in to help`;
  return {
    points: [unknown('certificate', why, true)],
    notes: [
      `Nothing that needs TLS could be judged: ${why}. Give a document with --tls local-ca, or let ${domain} point to the machine before it boots.`,
    ],
  };
}

/** Makes nginx use a CA of its own. This recreates the container and changes no file of the deployment. */
async function takeLocalCa(machine: Enterable, { proxy }: Expectations): Promise<void> {
  const service = proxy.replace(/^.*?-(.*)-1$/, '$1');
  const script = `set -e
export HOME=/root
printf 'services:\\n  %s:\\n    environment:\\n      USE_LOCAL_CA: "1"\\n' ${quoted(service)} >${OVERRIDE}
docker compose -f /root/nginx/compose.yml -f ${OVERRIDE} up -d 2>&1`;
  const { code, stdout } = await machine.exec(script, { timeoutMs: 120_000 * (machine.patience ?? 1) });
  if (code !== 0) throw new Error(`nginx could not be given a local CA: ${stdout.trim().slice(-400)}`);
}
