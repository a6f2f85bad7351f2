/** What must not be reachable from outside: Synapse's admin API, and the ports of Synapse, Element and the database. */
import { connect } from 'node:net';
import { type Check, judging } from '../check';
import type { Expectations } from '../expectations';
import { fields, json } from '../shell';
import { ask, type Way } from './request';

const { holds, unknown } = judging('closed');

/** Spellings of the admin API's path that a proxy may misread; the lab tries more of them. */
const SPELLINGS = [
  '/_synapse/admin/v1/server_version',
  '//_synapse/admin/v1/server_version',
  '/_synapse/%61dmin/v1/server_version',
  '/_matrix/../_synapse/admin/v1/server_version',
  '/_matrix/%2e%2e/_synapse/admin/v1/server_version',
  '/_synapse/client/..%2Fadmin/v1/server_version',
  '/_synapse/admin/..%2F..%2F_matrix/x',
];

export async function judgeAdminApi(way: Way): Promise<Check> {
  const reached: string[] = [];
  const silent: string[] = [];
  for (const port of [443, 8448]) {
    for (const path of SPELLINGS) {
      const { status, body, error } = await ask(way, { path, port });
      const said = fields(json(body));
      // nginx and Element do not send JSON with an error code; Synapse does, and the request should not have reached it.
      if ('errcode' in said || 'server_version' in said)
        reached.push(`${path} on ${port}: ${status} ${body}`);
      if (status === 0) silent.push(`${path} on ${port}: ${error}`);
    }
  }
  // Another point reports a dead port.
  const isDead = silent.length === 2 * SPELLINGS.length;
  const seen = reached[0] ?? (isDead ? `no answer: ${silent[0]}` : 'refused');
  return holds('/_synapse/admin refused', reached.length === 0 && !isDead, seen, 'refused');
}

const HTTP = Buffer.from('GET / HTTP/1.0\r\n\r\n');
/**
 * PostgreSQL reads the first four bytes as a length, and closes the connection silently if it is not one. It answers
 * this request with S or N, from any sender (PostgreSQL documentation, Message Formats, SSLRequest).
 */
const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex');

/** What each service would answer, if it could be reached. */
const PORTS = [
  { port: 8008, whose: 'Synapse', word: HTTP },
  { port: 8080, whose: 'Element', word: HTTP },
  { port: 5432, whose: 'the database', word: SSL_REQUEST },
];

export async function judgePorts(reach: Way['reach'], { publishedTo }: Expectations): Promise<Check[]> {
  const points: Check[] = [];
  for (const { port, whose, word } of PORTS) {
    const name = `port ${port} (${whose})`;
    if (port === 8008 && publishedTo.length > 0) {
      points.push(unknown(name, `the document publishes it on ${publishedTo.join(', ')}`, false));
      continue;
    }
    const { open, seen } = await knock(reach(port), word);
    points.push(holds(name, !open, seen, 'closed'));
  }
  return points;
}

/** Milliseconds. */
const CONNECT = 5_000;
const LISTEN = 2_000;

/**
 * A forwarded port (QEMU's user network) accepts every connection itself and closes it when the machine refuses it. So
 * only a port that answers, or stays open, is open.
 */
function knock(to: ReturnType<Way['reach']>, word: Uint8Array): Promise<{ open: boolean; seen: string }> {
  return new Promise((resolve) => {
    const socket = connect(to);
    const end = (open: boolean, seen: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ open, seen });
    };
    let timer = setTimeout(() => end(false, 'no answer'), CONNECT);
    socket.on('connect', () => {
      clearTimeout(timer);
      timer = setTimeout(() => end(true, 'open'), LISTEN);
      socket.write(word);
    });
    socket.on('data', () => end(true, 'open, and it answers'));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(false, error.code === 'ECONNREFUSED' ? 'refused' : (error.code ?? error.message)),
    );
    socket.on('close', () => end(false, 'closed at once'));
  });
}
