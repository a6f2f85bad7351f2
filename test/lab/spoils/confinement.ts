// Faults of the containers' confinement, and how its judges report them.
import { apart, confinement, metadataClosed } from '../judges/confinement';
import { baseDir } from '../server';
import type { Control } from './control';

const stack = `${baseDir}/docker-compose.yml`;
const proxy = '/root/nginx/compose.yml';

/** Recreates one container with more rights than its Compose file grants, and finally by that file alone. */
const loosened = (file: string, service: string, more: string) => ({
  spoil: `echo 'services: {${service}: ${more}}' >/run/lab-loosened.yml
docker compose -f ${file} -f /run/lab-loosened.yml up -d --wait --no-deps ${service}`,
  mend: `docker compose -f ${file} up -d --wait --no-deps ${service}`,
});

const rule = 'DOCKER-USER -i matrix-+ -d 169.254.0.0/16 -p tcp ! --dport 53 -j REJECT';

export const confinementControls: readonly Control[] = [
  {
    name: 'Element with more rights, and on a network of Synapse',
    judges: [confinement, apart],
    ...loosened(
      stack,
      'element',
      '{cap_add: [NET_RAW, CHOWN], security_opt: !override [], read_only: false, networks: [element, default]}',
    ),
    expects: {
      'element: capabilities at most': /^CHOWN number 13$/,
      'element: no new privileges': /^0$/,
      'element: root directory': /^written$/,
      'Element reaches neither Synapse nor the database': /synapse:8008: connected/,
    },
  },
  {
    name: 'a site that nginx itself can write',
    judges: [confinement],
    ...loosened(proxy, 'nginx', '{volumes: ["/data/nginx/user_conf.d:/etc/nginx/user_conf.d"]}'),
    expects: { "nginx: the server's site": /^written$/ },
  },
  {
    name: 'a metadata service without a guard',
    judges: [metadataClosed],
    spoil: `iptables -w 10 -D ${rule}`,
    // The timer may already have restored it.
    mend: `iptables -w 10 -C ${rule} || iptables -w 10 -I ${rule}`,
    expects: { 'from synapse': /: connected$/, 'from element': /: connected$/ },
  },
];
