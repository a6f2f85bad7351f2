import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Document } from './documents';
import { Stage } from './stage';

const CONFIG_DIR = '/etc/nginx';

/** The image's own main file and its server for port 80, as far as they can clash with ours (listen lines, logs). */
const MAIN = `user www-data;
worker_processes 1;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;
events { worker_connections 256; }
http {
    include ${CONFIG_DIR}/mime.types;
    default_type application/octet-stream;
    log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"'
                    ' "$http_user_agent" "$http_x_forwarded_for"';
    access_log /var/log/nginx/access.log main;
    sendfile on;
    keepalive_timeout 65;
    include ${CONFIG_DIR}/conf.d/*.conf;
}
`;
const REDIRECTOR = `server {
    listen 80 default_server reuseport;
    listen [::]:80 default_server reuseport;
    location /.well-known/acme-challenge { default_type text/plain; root /var/www/letsencrypt; }
    location / { return 301 https://$http_host$request_uri; }
}
`;

/** Where the document puts the site. */
export function siteOf(document: Document): string {
  return document.file(`/data/nginx/user_conf.d/${document.domain}.conf`);
}

/** The names under which jonasal/nginx-certbot looks for certificates in a site (its src/scripts/util.sh). */
export function certificateNames(site: string): string[] {
  const lines = site.matchAll(/^\s*ssl_certificate_key\s+\/etc\/letsencrypt\/live\/(.*)\/privkey\.pem;/gm);
  return [...new Set([...lines].map(([, name = '']) => name))];
}

/** The domains for which it orders them. */
export function certificateDomains(site: string): string[] {
  return [...site.matchAll(/^\s*server_name\s+(.*);/gm)].flatMap(([, names = '']) => names.split(/\s+/));
}

/** Installs nginx's files and throw-away certificates, so that `nginx -t` accepts or refuses the site itself. */
export function install(stage: Stage, document: Document): void {
  const site = siteOf(document);
  stage.must('sid', ['rm', '-rf', `${CONFIG_DIR}/conf.d`]);
  stage.write('sid', `${CONFIG_DIR}/nginx.conf`, MAIN);
  stage.write('sid', `${CONFIG_DIR}/conf.d/redirector.conf`, REDIRECTOR);
  stage.write('sid', `${CONFIG_DIR}/conf.d/${document.domain}.conf`, site);
  for (const name of certificateNames(site)) {
    const live = `/etc/letsencrypt/live/${name}`;
    const extension = `subjectAltName=DNS:${document.domain}`;
    stage.must('sid', ['mkdir', '-p', live]);
    stage.must('sid', [
      ...[
        'openssl',
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=stage', '-addext', extension],
      ...['-keyout', `${live}/privkey.pem`, '-out', `${live}/fullchain.pem`],
    ]);
    stage.must('sid', ['cp', `${live}/fullchain.pem`, `${live}/chain.pem`]);
  }
}

export interface Answer {
  readonly status: number;
  readonly version: string;
  /** Names in small letters; repeated headers are joined as in fetch(). */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The request that the echoing server behind nginx received. */
export interface Asked {
  readonly port: number;
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly bytes: number;
}

/** A running nginx with the document's site before two echoing servers, in a network of its own. */
export class RunningProxy {
  private constructor(
    readonly stage: Stage,
    private readonly document: Document,
  ) {}

  static async start(document: Document): Promise<RunningProxy> {
    const stage = await Stage.open('sid');
    try {
      install(stage, document);
      stage.startOutside([process.execPath, resolve('test/conformance/support/echo.mjs'), '8008', '8080']);
      stage.must('sid', ['nginx']);
      const proxy = new RunningProxy(stage, document);
      for (let tries = 0; tries < 50; tries++) {
        if (['/_matrix', '/'].every((path) => proxy.request(path).status === 200)) return proxy;
        await sleep(100);
      }
      throw new Error(`the servers behind nginx did not start: ${proxy.request('/').body}`);
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /**
   * Sends a target unchanged.
   * @param options further options of curl
   */
  request(
    target: string,
    { port = 443, address = '127.0.0.1', options = [] as readonly string[] } = {},
  ): Answer {
    const { domain } = this.document;
    const [certificate] = certificateNames(siteOf(this.document));
    const { code, stdout, stderr } = this.stage.run('sid', [
      ...[
        'curl',
        '--silent',
        '--show-error',
        '--include',
        '--path-as-is',
        '--max-time',
        '20',
        '--noproxy',
        '*',
      ],
      ...['--cacert', `/etc/letsencrypt/live/${certificate}/fullchain.pem`],
      ...['--resolve', `${domain}:${port}:${address}`],
      ...options,
      ...['--request-target', target, `https://${domain}:${port}/`],
    ]);
    if (code !== 0) throw new Error(`${target}: curl ends with ${code}: ${stderr}`);
    return parsed(stdout);
  }

  /** The request as the server behind nginx got it; undefined when nginx itself answered. */
  asked(answer: Answer): Asked | undefined {
    return answer.body.startsWith('{"port":') ? (JSON.parse(answer.body) as Asked) : undefined;
  }

  close(): Promise<void> {
    return this.stage.close();
  }
}

function parsed(text: string): Answer {
  // An interim answer (100 Continue) comes before the real one.
  const start = text.search(/^HTTP\/\S+ (?!1\d\d)/m);
  const end = text.indexOf('\r\n\r\n', start);
  const [first = '', ...rows] = text.slice(start, end).split('\r\n');
  const headers: Record<string, string> = {};
  for (const row of rows) {
    const name = row.slice(0, row.indexOf(':')).toLowerCase();
    const value = row.slice(row.indexOf(':') + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  const [version = '', status = ''] = first.split(' ');
  return { status: Number(status), version, headers, body: text.slice(end + 4) };
}
