// Faults on the server itself, and how its judges report them.
import { containersRun } from '../judges/containers';
import {
  cloudInit,
  database,
  dockerDaemon,
  dockerPackages,
  health,
  schema,
  units,
  userData,
} from '../judges/inside';
import { permissions, secrets } from '../judges/permissions';
import { element } from '../judges/web';
import { baseDir, containers } from '../server';
import type { Control } from './control';

const files = `${baseDir}/files`;
const macaroon = `${files}/macaroon_secret_key`;
const noOpenSecret = 'no secret is short, or in a file that others may read';
const original = '/var/lib/cloud/instance/user-data.txt';
const merged = '/var/lib/cloud/instance/cloud-config.txt';

/** Changes the record that cloud-init keeps of its last stage. */
const record = (key: string, value: string) => `cp -p /run/cloud-init/status.json /run/lab-status.kept
python3 - <<'E'
import json
path = "/run/cloud-init/status.json"
status = json.load(open(path))
status["v1"]["modules-final"]["${key}"] = ${value}
json.dump(status, open(path, "w"))
E`;
const forget = 'cp -p /run/lab-status.kept /run/cloud-init/status.json';

const collation = (value: string) =>
  `docker exec ${containers.db} psql -q -U synapse -c "update pg_database set datcollate = '${value}' where datname = 'synapse'"`;

/** @param serverName of the server that is spoiled. */
export const hostControls = (serverName: string): readonly Control[] => [
  {
    name: 'cloud-init with an error',
    judges: [cloudInit],
    spoil: record('errors', '["spoiled"]'),
    mend: forget,
    expects: { 'cloud-init: errors': /spoiled/, 'cloud-init: extended status': /error/ },
  },
  {
    name: 'cloud-init with a recoverable error',
    judges: [cloudInit],
    spoil: record('recoverable_errors', '{"WARNING": ["spoiled"]}'),
    mend: forget,
    expects: {
      'cloud-init: recoverable errors': /WARNING: spoiled/,
      'cloud-init: extended status': /degraded/,
    },
  },
  {
    name: 'user data with a key that cloud-init does not know',
    judges: [schema],
    spoil: `cp -p ${merged} /run/lab-user-data.kept; echo 'no_such_key: 1' >>${merged}`,
    mend: `cp -p /run/lab-user-data.kept ${merged}`,
    expects: { 'cloud-init schema --system': /no_such_key/ },
  },
  {
    name: 'other user data than was given',
    judges: [userData],
    spoil: `cp -p ${original} /run/lab-original.kept; echo >>${original}`,
    mend: `cp -p /run/lab-original.kept ${original}`,
    expects: { 'SHA-256': /^[0-9a-f]{64}$/ },
  },
  {
    name: 'a failed unit',
    judges: [units],
    spoil: '! systemd-run -q --wait --unit spoiled false',
    mend: 'systemctl reset-failed spoiled',
    expects: { 'no unit has failed': /spoiled\.service/ },
  },
  {
    name: "one of Docker's packages missing",
    judges: [dockerPackages],
    spoil: 'dpkg -r docker-buildx-plugin',
    mend: 'DEBIAN_FRONTEND=noninteractive apt-get -qq -y install docker-buildx-plugin',
    expects: { packages: /buildx/ },
  },
  {
    name: 'other settings for Docker',
    judges: [dockerDaemon],
    spoil: `cp -p /etc/docker/daemon.json /run/lab-daemon.kept; echo '{"debug": true}' >/etc/docker/daemon.json`,
    mend: 'cp -p /run/lab-daemon.kept /etc/docker/daemon.json',
    expects: { '/etc/docker/daemon.json': /debug/ },
  },
  {
    name: 'homeserver.yaml owned by root',
    judges: [permissions],
    spoil: `chown 0:0 ${files}/homeserver.yaml`,
    mend: `chown 991:991 ${files}/homeserver.yaml`,
    expects: {
      [`${files}/homeserver.yaml`]: /^0:0 644$/,
      [`everything in ${files} is 991:991`]: /homeserver\.yaml/,
    },
  },
  {
    name: 'directories with other modes',
    judges: [permissions],
    spoil: `chmod 700 ${baseDir}/schemas ${files}/media_store`,
    mend: `chmod 755 ${baseDir}/schemas ${files}/media_store`,
    expects: {
      [`${baseDir}/schemas`]: /^0:0 700$/,
      [`every directory in ${files} is 755`]: /media_store/,
    },
  },
  {
    name: 'a secret that all may read',
    judges: [secrets],
    spoil: `chmod 644 ${macaroon}`,
    mend: `chmod 600 ${macaroon}`,
    expects: { [macaroon]: /^991:991 644$/, [noOpenSecret]: /macaroon_secret_key/ },
  },
  {
    name: 'a secret in a log that all may read',
    judges: [secrets],
    spoil: `echo "key $(cat ${macaroon})." >/var/log/spoiled.log; chmod 644 /var/log/spoiled.log`,
    mend: 'rm /var/log/spoiled.log',
    expects: { [noOpenSecret]: /spoiled\.log holds .*macaroon_secret_key/ },
  },
  {
    name: 'no signing key',
    judges: [secrets],
    spoil: `mv ${files}/${serverName}.signing.key /run/lab-key.kept`,
    mend: `mv /run/lab-key.kept ${files}/${serverName}.signing.key`,
    expects: {
      [`${files}/${serverName}.signing.key`]: /No such file/,
      [noOpenSecret]: /signing\.key is too short/,
    },
  },
  {
    name: 'a database with another collation',
    judges: [database],
    spoil: collation('C.UTF-8'),
    mend: collation('C'),
    expects: { 'encoding|collation|character type': /^UTF8\|C\.UTF-8\|C$/ },
  },
  {
    name: 'Synapse stopped',
    judges: [health, containersRun],
    spoil: `docker stop ${containers.synapse}`,
    mend: `docker start ${containers.synapse}`,
    expects: { 'http://127.0.0.1:8008/health': /^000$/, synapse: /^exited/ },
  },
  {
    name: 'Element with another homeserver',
    judges: [element],
    spoil: `cp -p ${baseDir}/element-config.json /run/lab-element.kept
sed 's#https://[^"]*#https://wrong.test#' /run/lab-element.kept >${baseDir}/element-config.json
docker restart ${containers.element}`,
    mend: `cp /run/lab-element.kept ${baseDir}/element-config.json; docker restart ${containers.element}`,
    expects: { "Element's config.json": /wrong\.test/ },
  },
  {
    name: 'Element stopped',
    judges: [element, containersRun],
    spoil: `docker stop ${containers.element}`,
    mend: `docker start ${containers.element}`,
    expects: { "Element's page": /^502/, "Element's config.json": /^502/, element: /^exited/ },
    after: [element],
  },
];
