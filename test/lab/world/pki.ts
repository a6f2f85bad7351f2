// The authority that signs the certificate of pebble's own listener. It is created once, because an image contains it.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache';
import { gateway, gateway6, worldName } from './netns';
import { run } from './process';

const names = `DNS:${worldName},IP:${gateway},IP:${gateway6}`;

/** Files of the authority's certificate, and of the key and certificate that pebble listens with. */
export interface LabPki {
  readonly ca: string;
  readonly key: string;
  readonly certificate: string;
}

/**
 * The lab's own authority and pebble's leaf, for ten years.
 * The extensions are those that Python's strict verification requires since 3.13: keyUsage on the authority, an
 * authority key identifier on the leaf.
 */
export async function labPki(): Promise<LabPki> {
  const folder = await cached('pki', [names], async (partial) => {
    const at = (file: string) => join(partial, file);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const usage = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
    const extensions = usage.flatMap((line) => ['-addext', line]);
    const authority = [
      '-subj',
      '/CN=Lab authority',
      '-keyout',
      at('ca.key'),
      '-out',
      at('ca.pem'),
      '-days',
      '3650',
    ];
    await run(['openssl', 'req', '-x509', ...key, ...extensions, ...authority]);
    await run([
      'openssl',
      'req',
      ...key,
      '-subj',
      `/CN=${worldName}`,
      '-keyout',
      at('key.pem'),
      '-out',
      at('csr.pem'),
    ]);
    await writeFile(
      at('leaf.ext'),
      [
        `subjectAltName=${names}`,
        'basicConstraints=critical,CA:FALSE',
        'keyUsage=critical,digitalSignature',
        'extendedKeyUsage=serverAuth',
        'subjectKeyIdentifier=hash',
        'authorityKeyIdentifier=keyid',
      ].join('\n'),
    );
    const sign = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '3650'];
    const leaf = ['-in', at('csr.pem'), '-extfile', at('leaf.ext'), '-out', at('cert.pem')];
    await run(['openssl', 'x509', '-req', ...sign, ...leaf]);
  });
  return { ca: join(folder, 'ca.pem'), key: join(folder, 'key.pem'), certificate: join(folder, 'cert.pem') };
}
