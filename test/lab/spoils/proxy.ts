// Faults of the proxy and of the access from outside, and how its judges report them.
import { chat, uploads } from '../judges/client';
import { adminApi, closedPorts, encodedPath } from '../judges/closed';
import { certificate, clientVersions, federationKey, redirect, wellKnown } from '../judges/web';
import { baseDir, containers } from '../server';
import type { Control } from './control';
import { editSite, reloadNginx, undoSite } from './site';

const noAdmin = 'no spelling of the admin API reaches Synapse';
const homeserver = `${baseDir}/files/homeserver.yaml`;
const redirector = '/etc/nginx/conf.d/redirector.conf';

/** Inserts text before the site's first location. */
const before = (location: string) => `s#^ *location ~#${location}\\n&#`;
const editRedirector = (program: string) =>
  `docker exec ${containers.nginx} sed -i '${program}' ${redirector}; ${reloadNginx}`;
/** A listener on the machine, as if a port were published to the world. */
const listener = (port: number, more = '') => ({
  spoil: `systemd-run -q --unit lab-listener python3 -m http.server ${port} ${more}; sleep 1`,
  mend: 'systemctl stop lab-listener',
});

/** @param domain of the server that is spoiled. @param address its IPv4 address. */
export function proxyControls(domain: string, address: string): readonly Control[] {
  const site = (program: string) => ({ spoil: editSite(domain, program), mend: undoSite(domain) });
  return [
    {
      name: 'no CORS',
      judges: [wellKnown],
      ...site('/Allow-Origin/d'),
      expects: { 'well-known server: CORS': /nothing/, 'well-known client: CORS': /nothing/ },
    },
    {
      name: 'well-known files whose type is not JSON',
      judges: [wellKnown],
      ...site('s#application/json#text/plain#'),
      expects: { 'well-known server: type': /text\/plain/, 'well-known client: type': /text\/plain/ },
    },
    {
      name: 'a well-known file with another port',
      judges: [wellKnown],
      ...site('s#server_name:443#server_name:9999#'),
      expects: { 'well-known server': /9999/ },
    },
    {
      name: 'no port 8448 over IPv6',
      judges: [federationKey],
      ...site('/\\[::\\]:8448/d'),
      expects: { 'key on 8448 over IPv6': /^0 Failed to connect/ },
    },
    {
      name: 'the admin API opened',
      judges: [adminApi],
      ...site(before('location /_synapse/admin { proxy_pass http://127.0.0.1:8008; }')),
      expects: { [noAdmin]: /\/_synapse\/admin\/v1\/server_version \(port 443/ },
    },
    {
      name: 'the admin API open to one who disguises it',
      judges: [adminApi],
      ...site('/request_uri/d'),
      expects: { [noAdmin]: /^\/_\S*(%2[Ff]|%2e|\.\.)\S* \(port 443/ },
    },
    {
      name: 'nginx stopped',
      judges: [adminApi],
      spoil: `docker stop ${containers.nginx}`,
      mend: `docker start ${containers.nginx}`,
      expects: { 'nginx answers every spelling': /Failed to connect/ },
    },
    {
      name: 'paths that nginx decodes',
      judges: [encodedPath],
      ...site('s#proxy_pass http://127.0.0.1:8008#rewrite ^(.*)$ $1 break; &#'),
      expects: { '%23, %2F and %20 in an alias arrive as they were sent': /M_UNRECOGNIZED/ },
    },
    {
      name: 'an API that is not there',
      judges: [clientVersions],
      ...site(before('location = /_matrix/client/versions { return 404; }')),
      expects: { '/_matrix/client/versions': /^404/ },
    },
    {
      name: 'a certificate of an unknown issuer',
      judges: [certificate],
      spoil: `docker exec ${containers.nginx} openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=${domain} \\
  -addext subjectAltName=DNS:${domain} -keyout /tmp/lab.key -out /tmp/lab.pem 2>/dev/null
${editSite(domain, 's#ssl_certificate .*#ssl_certificate /tmp/lab.pem;#;s#ssl_certificate_key .*#ssl_certificate_key /tmp/lab.key;#')}`,
      mend: undoSite(domain),
      expects: { 'certificate of pebble, for the domain': /SELF_SIGNED|self-signed/ },
    },
    {
      name: 'port 80 that sends elsewhere',
      judges: [redirect],
      spoil: editRedirector('s#return 301 https#return 302 http#'),
      mend: editRedirector('s#return 302 http#return 301 https#'),
      expects: { 'http to https over IPv4': /^302 http:/, 'http to https over IPv6': /^302 http:/ },
    },
    {
      name: "the database's port open",
      judges: [closedPorts],
      ...listener(5432, '--bind ::'),
      expects: { 'port 5432 over IPv4': /connected/, 'port 5432 over IPv6': /connected/ },
    },
    {
      name: "Synapse's port open on the server's address",
      judges: [closedPorts],
      ...listener(8008, `--bind ${address}`),
      expects: { 'port 8008 over IPv4': /connected/ },
    },
    {
      name: 'uploads of 1 MiB at most',
      judges: [uploads],
      ...site('s#client_max_body_size 50M#client_max_body_size 1M#'),
      expects: { 'upload of 49 MiB': /refused: 413/ },
      after: [],
    },
    {
      name: 'uploads of 60 MiB',
      judges: [uploads],
      spoil: `cp -p ${homeserver} /run/lab-homeserver.kept
sed 's#^max_upload_size: .*#max_upload_size: 60M#' /run/lab-homeserver.kept >${homeserver}
docker restart ${containers.synapse}
${editSite(domain, 's#client_max_body_size 50M#client_max_body_size 60M#')}`,
      mend: `cp -p /run/lab-homeserver.kept ${homeserver}; docker restart ${containers.synapse}; ${undoSite(domain)}`,
      expects: { 'upload of 51 MiB': /accepted/ },
    },
    {
      name: "clients' addresses not passed on",
      judges: [chat],
      ...site('/X-Forwarded-For/d'),
      expects: { 'address that Synapse sees': /^(172|127|10)\./ },
      after: [],
    },
    {
      name: 'media that comes back as something else',
      judges: [chat],
      ...site(before('location ^~ /_matrix/client/v1/media/download { return 200 "other"; }')),
      expects: { 'media comes back': /^200, other bytes/ },
      after: [],
    },
    {
      name: 'login refused',
      judges: [chat],
      ...site(before('location = /_matrix/client/v3/login { return 403; }')),
      expects: { 'chat to its end': /403/ },
    },
  ];
}
