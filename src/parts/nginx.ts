import type { Deployment } from '../deployment/deployment';
import { filesOf } from './files';
import type { Part } from './part';

/**
 * Words in a certificate's name that jonasal/nginx-certbot takes for settings: the authenticator or the key type
 * (its src/scripts/run_certbot.sh).
 */
const CERTBOT_SETTING = /(?:^|[-.])(?:webroot|dns-[^-.]*|rsa|ecc|ecdsa)(?:[-.]|$)/i;

/** The certificate is named after the domain, or `matrix` where the image would misread the domain. */
export function certificateName(domain: string): string {
  return CERTBOT_SETTING.test(domain) ? 'matrix' : domain;
}

/** The proxy with its certificates: jonasal/nginx-certbot on the host's network. */
export function nginx(deployment: Deployment): Part {
  return {
    files: filesOf('nginx', deployment, { certificateName: certificateName(deployment.domain) }),
    commands: ['docker compose -f /root/nginx/compose.yml up -d'],
  };
}
