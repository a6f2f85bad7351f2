// A client's place in the world: a network namespace of its own with an address on the bridge. Programs there use the
// lab's DNS and trust only pebble's root.
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import type { Registry } from './machines/cleanup';
import { type Outcome, run, tryRun } from './machines/run';
import { gateway } from './world/netns';
import type { World } from './world/world';

/** A request as curl makes it. The path goes out as it is written: `..`, `//` and `%2f` stay. */
export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Address family, where the name has both. */
  readonly family?: 4 | 6;
  readonly http?: '1.1' | '2';
  /** Seconds; default 60. */
  readonly limit?: number;
}

export interface Answer {
  /** 0 if there was no answer; then `error` says why. */
  readonly status: number;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Address that answered. */
  readonly address: string;
  readonly error: string;
}

interface CurlFacts {
  readonly response_code: number;
  readonly remote_ip: string;
  readonly errormsg: string | null;
}

/** @throws unless curl has reported on the request. */
function answerOf(url: string, body: string, report: string): Answer {
  const [first = '', ...rest] = report.split('\n');
  if (first === '') throw new Error(`${url}: curl has said nothing`);
  const facts = JSON.parse(first) as CurlFacts;
  const sent = Object.entries(JSON.parse(rest.join('\n') || '{}') as Record<string, string[]>);
  return {
    status: facts.response_code,
    headers: Object.fromEntries(sent.map(([name, values]) => [name.toLowerCase(), values.join(', ')])),
    body,
    address: facts.remote_ip,
    error: facts.errormsg ?? '',
  };
}

// The machine's own resolv.conf is covered for this program alone, in a mount namespace that ends with it.
const launch = 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"';

export class Vantage {
  private constructor(
    readonly netns: string,
    readonly address: string,
    readonly address6: string,
    /** File with the PEM of the only root to trust. */
    readonly roots: string,
    /** Folder for its files; the run removes it. */
    readonly folder: string,
  ) {}

  /** Makes the namespace and plugs it into the world. @param host last number of its addresses. */
  static async open(world: World, registry: Registry, name: string, host: number): Promise<Vantage> {
    const netns = registry.prefix + name;
    const folder = join(registry.folder, name);
    registry.add({ kind: 'netns', name: netns });
    await mkdir(folder, { recursive: true });
    await run(['ip', 'netns', 'add', netns]);
    const [address, address6] = [`10.91.0.${host}`, `fd91::${host}`];
    await world.attach(netns, { address, address6 });
    await writeFile(join(folder, 'resolv.conf'), `nameserver ${gateway}\n`);
    await writeFile(join(folder, 'roots.pem'), await world.issuingRoots());
    return new Vantage(netns, address, address6, join(folder, 'roots.pem'), folder);
  }

  /** The argv that runs a program here; it ends when the lab does. */
  command(argv: readonly string[]): string[] {
    const place = ['setpriv', '--pdeathsig', 'KILL', 'nsenter', `--net=/run/netns/${this.netns}`, '--'];
    const names = ['unshare', '--mount', '--propagation', 'private', 'sh', '-euc', launch, 'sh'];
    return [...place, ...names, join(this.folder, 'resolv.conf'), ...argv];
  }

  run(argv: readonly string[], options: { input?: string; timeoutMs?: number } = {}): Promise<Outcome> {
    const env = { ...(process.env as Record<string, string>), NODE_EXTRA_CA_CERTS: this.roots };
    return tryRun(this.command(argv), { env, ...options });
  }

  /** One HTTP request; for https the certificate must verify. Redirects are not followed. */
  async fetch(url: string, ask: Ask = {}): Promise<Answer> {
    return (await this.fetchAll([url], ask))[0]!;
  }

  /** Several requests by one program, one after the other, which is much faster than one program per request. */
  async fetchAll(urls: readonly string[], ask: Ask = {}): Promise<Answer[]> {
    const headers = Object.entries(ask.headers ?? {}).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const family = ask.family === undefined ? [] : [`-${ask.family}`];
    const http = ask.http === undefined ? [] : [`--http${ask.http}`];
    const method = ask.method === undefined ? [] : ['-X', ask.method];
    // A separator after each body on standard output, and after each report on standard error.
    const mark = `--${randomBytes(12).toString('hex')}--`;
    const { stdout, stderr } = await this.run([
      ...['curl', '-s', '--path-as-is', '--globoff', '--cacert', this.roots, '-m', String(ask.limit ?? 60)],
      ...['-w', `${mark}%{stderr}%{json}\n%{header_json}${mark}`, ...family, ...http, ...method, ...headers],
      ...urls,
    ]);
    const [bodies, reports] = [stdout.split(mark), stderr.split(mark)];
    return urls.map((url, index) => answerOf(url, bodies[index] ?? '', reports[index] ?? ''));
  }

  /** The result of a TCP connection: accepted, or the reason, such as "Connection refused". */
  async connect(address: string, port: number): Promise<{ open: boolean; reason: string }> {
    const program = ['bash', '-c', 'exec 3<>"/dev/tcp/$0/$1"', address, String(port)];
    const { code, stderr } = await this.run(['timeout', '10', ...program]);
    if (code === 0) return { open: true, reason: 'connected' };
    return { open: false, reason: code === 124 ? 'no answer' : (stderr.trim().split(': ').pop() ?? '') };
  }

  /** The argv of a program of test/lab/programs, bundled from its source, because it runs in a process of its own. */
  async program(name: string): Promise<string[]> {
    const file = resolve(this.folder, `${name}.mjs`);
    await build({
      entryPoints: [`test/lab/programs/${name}.ts`],
      outfile: file,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'warning',
    });
    return [process.execPath, file];
  }
}
