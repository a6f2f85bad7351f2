import type { Deployment } from '../deployment/deployment';
import { bootStep } from './boot';
import { filesOf } from './files';
import type { Part } from './part';

/** For its end; a restored backup starts everything by itself. */
export const WAIT_FOR_PROXY = 'wait $proxy';

/**
 * Words in a certificate's name that jonasal/nginx-certbot takes for settings: the authenticator or the key type
 * (its src/scripts/run_certbot.sh).
 */
const CERTBOT_SETTING = /(?:^|[-.])(?:webroot|dns-[^-.]*|rsa|ecc|ecdsa)(?:[-.]|$)/i;

/** The certificate is named after the domain, or `matrix` where the image would misread the domain. */
export function certificateName(domain: string): string {
  return CERTBOT_SETTING.test(domain) ? 'matrix' : domain;
}

/**
 * The proxy with its certificates: jonasal/nginx-certbot on the host's network. It starts in the background: the order of
 * the certificate needs nothing but nginx, and a slow certificate authority must not hold up Synapse.
 */
export function nginx(deployment: Deployment): Part {
  return {
    files: filesOf('nginx', deployment, { certificateName: certificateName(deployment.domain) }),
    commands: [`${bootStep('proxy', deployment.images.nginx)} 9>&- & proxy=$!`],
  };
}
