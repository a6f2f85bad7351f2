// The servers that downloads come from answer with errors.
import { trusting } from '../../document';
import type { Lab } from '../../lab';
import { is } from '../../verdict';
import { serve } from '../../web-server';
import type { Fault } from './fault';

/** Docker Hub, which Docker tries when the mirror fails, with its answer to too many downloads. */
async function limitedHub(lab: Lab): Promise<void> {
  const headers = { 'content-type': 'application/json', 'docker-distribution-api-version': 'registry/2.0' };
  const message = 'You have reached your unauthenticated pull rate limit.';
  const body = JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message }] });
  const images = [
    ['library/postgres', '15-alpine'],
    ['matrixdotorg/synapse', 'latest'],
    ['vectorim/element-web', 'latest'],
    ['jonasal/nginx-certbot', 'latest'],
  ];
  await serve(lab, 'registry-1.docker.io', 32, {
    '/v2/': { status: 200, headers, body: '{}' },
    ...Object.fromEntries(
      images.map(([name, tag]) => [`/v2/${name}/manifests/${tag}`, { status: 429, headers, body }]),
    ),
  });
}

export const registryFaults: readonly Fault[] = [
  {
    name: 'fault-registry-500',
    fault: 'the registry answers 500 twice, then recovers',
    moment: 'at the first manifests',
    expected: 'Docker or the script retries; a healthy server in the same boot',
    seen: 'as expected, without a message: Docker retries automatically',
    few: true,
    before: ({ lab, addresses }) =>
      lab.world.registry.faults.set({ mode: '500', times: 2, match: '/manifests/', from: addresses }),
    inject: (stage) => stage.asked('registry', /\/manifests\//),
    mend: (stage) => stage.asked('registry', /\/blobs\//),
    judge: async (stage) => [is('answers with 500', await stage.answered('registry', 500), 2)],
  },
  {
    name: 'fault-registry-429',
    fault: 'mirror and Docker Hub answer 429, and recover later',
    moment: 'at the first manifests',
    expected: 'the console distinguishes the limit from a dead network; a healthy server in the same boot',
    seen: 'as expected, 67 s after the limit was gone',
    async spec(lab) {
      const roots = await lab.world.issuingRoots();
      return { edit: (document) => trusting(document, roots) };
    },
    async before({ lab, addresses }) {
      await limitedHub(lab);
      await lab.world.registry.faults.set({ mode: '429', match: '/manifests/', from: addresses });
    },
    inject: (stage) => stage.asked('registry', /\/manifests\//),
    reason: /gen-cloudinit: pulling \S+: .*limit.*429/,
    async mend({ lab }) {
      await lab.world.registry.faults.set({ mode: 'ok' });
      await lab.world.dns.clear('registry-1.docker.io');
    },
  },
];

export const aptFaults: readonly Fault[] = [
  {
    name: 'fault-apt-500',
    fault: "Docker's apt repository answers 500 to one run of apt",
    moment: 'at the download of the packages',
    expected: 'the script runs apt again; a healthy server in the same boot',
    seen: 'as expected',
    before: ({ lab, addresses }) =>
      lab.world.apt.faults.set({ mode: '500', times: 1, match: '/pool/.*docker-ce_', from: addresses }),
    inject: (stage) => stage.asked('apt', /\/pool\/.*docker-ce_/),
  },
];
