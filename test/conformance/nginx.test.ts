import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { COMBINATIONS, documentOf, generated } from './support/documents';
import {
  type Answer,
  type Asked,
  certificateDomains,
  certificateNames,
  install,
  RunningProxy,
  siteOf,
} from './support/proxy';
import { Stage } from './support/stage';
import { suiteWith } from './support/tools';

/** Real nginx with the document's site: what it accepts, and where each request goes. */
const test = suiteWith('nginx', ['root:sid']);
const SYNAPSE = 8008;
const ELEMENT = 8080;

let proxy: RunningProxy;
test.before(async () => {
  proxy = await RunningProxy.start(documentOf('server-name'));
});
test.after(() => proxy?.close());

function asked(target: string, more: Parameters<RunningProxy['request']>[1] = {}): Asked {
  const answer = proxy.request(target, more);
  const request = proxy.asked(answer);
  assert.ok(request, `${target} was answered by nginx itself: ${answer.status} ${answer.body}`);
  return request as Asked;
}

test('nginx accepts every site beside the image’s own server, without a warning', async () => {
  const stage = await Stage.open('sid');
  const seen = new Set<string>();
  try {
    for (const document of COMBINATIONS.map(generated)) {
      if (seen.has(siteOf(document))) continue;
      seen.add(siteOf(document));
      install(stage, document);
      const { code, stderr } = stage.run('sid', ['nginx', '-t', '-q']);
      assert.is(code, 0, `${document.name}: ${stderr}`);
      assert.is(stderr, '', document.name);
    }
  } finally {
    await stage.close();
  }
  assert.ok(seen.size >= 3, `${seen.size} different sites`);
});

test('the image finds one certificate, for the domain alone, under a name that it does not read as a setting', () => {
  for (const document of COMBINATIONS.map(generated)) {
    const site = siteOf(document);
    assert.equal(certificateDomains(site), [document.domain], document.name);
    const [name = '', ...others] = certificateNames(site);
    assert.equal(others, []);
    // Words that change the authenticator or the kind of key (jonasal/nginx-certbot, src/scripts/run_certbot.sh).
    assert.not.match(name, /(?:^|[-.])(?:webroot|dns-|rsa|ecc|ecdsa)/i, document.name);
    const trap = ['dns- label', 'rsa label'].includes(document.name);
    if (!trap) assert.is(name, document.domain, 'the certificate lies where the overview says');
  }
});

test('Matrix requests go to Synapse, everything else to Element', () => {
  const toSynapse = [
    '/_matrix',
    '/_matrix/client/versions',
    '/_matrix/client/v3/sync?since=s1_2&timeout=30000',
    '/_matrix/federation/v1/version',
    '/_matrix/key/v2/server',
    '/_synapse/client',
    '/_synapse/client/pick_username/account_details',
    '/_synapse/client/new_user_consent?u=%2F..%2F_synapse%2Fadmin',
  ];
  const toElement = [
    '/',
    '/index.html',
    '/config.json?cachebuster=1',
    '/_matrixx',
    '/_synapse',
    '/_synapse/clientele',
    '/_synapse/admin/v1/server_version',
    '/_synapse/mas/x',
    '/_synapse/metrics',
    '/.well-known/matrix/other',
    '/x/_matrix/client/versions',
  ];
  for (const port of [443, 8448]) {
    for (const target of toSynapse) assert.is(asked(target, { port }).port, SYNAPSE, `${target} on ${port}`);
    for (const target of toElement) assert.is(asked(target, { port }).port, ELEMENT, `${target} on ${port}`);
  }
});

/** Spellings of the admin API, which must not be reachable from outside: nginx normalizes them and Synapse does not. */
const HOSTILE = [
  '//_synapse/admin',
  '/_synapse//admin/v1/users',
  '/./_synapse/admin',
  '/_SYNAPSE/admin',
  '/%5fsynapse/admin',
  '/%5Fsynapse/%61dmin/v1/users',
  '/_synapse%2fadmin',
  '/_synapse/%2e%2e/_synapse/admin',
  '/_synapse/admin?x=/_matrix/',
  '/_synapse/admin#/_matrix/',
  '/_synapse/admin;/_matrix/',
  '/_synapse/admin/..%2f..%2f_matrix/x',
  '/_synapse/admin/../../_matrix/x',
  '/_synapse/admin/%2e%2e/%2e%2e/_matrix/x',
  '/_synapse/admin/v1/users/..%2f..%2f..%2f..%2f_matrix%2fx',
  '/_synapse/admin/v1/x/..%2f..%2f..%2fclient/y',
  '/_matrix/../_synapse/admin',
  '/_matrix/..%2f_synapse/admin',
  '/_matrix/%2e%2e/_synapse/admin',
  '/_synapse/client/../admin/v1/users',
  '/_synapse/client/..%2fadmin/v1/users',
  '/_synapse/client%2f..%2fadmin/v1/users',
  'https://matrix.example.org/_synapse/admin/v1/users',
  'https://matrix.example.org/_synapse/admin/..%2f..%2f_matrix/x',
];

test('no spelling of the admin API reaches Synapse', () => {
  for (const target of HOSTILE) {
    for (const options of [['--http1.1'], ['--http2']]) {
      const answer = proxy.request(target, { options });
      const request = proxy.asked(answer);
      assert.is.not(request?.port, SYNAPSE, `${target} ${options.join()}: ${answer.body}`);
    }
  }
});

test('requests reach Synapse unchanged, byte by byte, because signatures cover them', () => {
  const targets = [
    '/_matrix/client/v3/rooms/!a%3Aexample.org/state/m.room.name/%2F%2f',
    '/_matrix/client/v3/directory/room/%23r%C3%A4um%3Aexample.org',
    '/_matrix/federation/v1/send/%25/%20?a=%2F&b=+&c=//',
    '/_matrix/client/v3/user/@a:b/account_data/a%2Fb//c;d',
    '/_matrix/media/v3/download/x/y/a%00b',
  ];
  for (const target of targets) {
    for (const options of [['--http1.1'], ['--http2']]) {
      const answer = proxy.request(target, { options });
      const request = proxy.asked(answer);
      if (target.includes('%00') && answer.status === 400) continue; // nginx itself refuses a NUL
      assert.is(request?.url, target, options.join());
      assert.is(request?.port, SYNAPSE, target);
    }
  }
});

test("the headers give Synapse and Element the client's address, and a client cannot forge them", () => {
  const options = ['-H', 'X-Forwarded-For: 192.0.2.1', '-H', 'X-Forwarded-Proto: http'];
  for (const port of [443, 8448]) {
    for (const target of ['/_matrix/client/versions', '/']) {
      const { rawHeaders } = asked(target, { port, options });
      const values = (name: string) =>
        rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
      assert.equal(values('x-forwarded-for'), ['127.0.0.1'], target);
      assert.equal(values('x-forwarded-proto'), ['https'], target);
      assert.equal(values('host'), [`matrix.example.org:${port}`], target);
    }
  }
});

test('uploads: 50 MiB pass, one byte more does not', () => {
  const most = 50 * 1024 * 1024;
  for (const [size, status] of [
    [most, 200],
    [most + 1, 413],
  ] as const) {
    proxy.stage.must('sid', ['truncate', '-s', String(size), '/root/upload']);
    const answer = proxy.request('/_matrix/media/v3/upload', {
      options: ['-X', 'POST', '-T', '/root/upload'],
    });
    assert.is(answer.status, status, `${size} bytes`);
    if (status === 200) assert.is(proxy.asked(answer)?.bytes, size);
  }
});

test('well-known files: right JSON, for every web page, on both ports', () => {
  const expected: Record<string, unknown> = {
    '/.well-known/matrix/server': { 'm.server': 'matrix.example.org:443' },
    '/.well-known/matrix/client': { 'm.homeserver': { base_url: 'https://matrix.example.org' } },
  };
  for (const port of [443, 8448]) {
    for (const [target, data] of Object.entries(expected)) {
      const { status, headers, body } = proxy.request(target, {
        port,
        options: ['-H', 'Origin: https://example.com'],
      });
      assert.is(status, 200);
      assert.equal(JSON.parse(body), data);
      assert.is(headers['content-type'], 'application/json');
      assert.is(headers['access-control-allow-origin'], '*');
    }
  }
});

test('IPv6 and HTTP/2 are served on both ports', () => {
  for (const port of [443, 8448]) {
    const answer = proxy.request('/_matrix/client/versions', {
      port,
      address: '[::1]',
      options: ['--http2'],
    });
    assert.is(answer.version, 'HTTP/2');
    const forwarded = proxy.asked(answer)?.rawHeaders.join(' ');
    assert.match(forwarded ?? '', /X-Forwarded-For ::1/i);
  }
});

/** Connects by TLS as one kind of client only. @returns openssl's description of the session, or its error */
function session(port: number, ...options: string[]): string {
  const connect = ['-connect', `127.0.0.1:${port}`, '-servername', 'matrix.example.org'];
  const { stdout, stderr } = proxy.stage.run('sid', ['openssl', 's_client', ...connect, ...options], {
    input: 'Q\n',
  });
  return `${stdout}${stderr}`;
}

test('TLS 1.2 with forward secrecy and authenticated encryption alone, and TLS 1.3', () => {
  const weak = '@SECLEVEL=0';
  for (const port of [443, 8448]) {
    for (const cipher of ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'])
      assert.match(session(port, '-tls1_2', '-cipher', cipher), `Cipher is ${cipher}`);
    // With CBC, without authenticated encryption
    for (const cipher of ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'ECDHE-ECDSA-AES128-CCM'])
      assert.match(session(port, '-tls1_2', '-cipher', `${cipher}:${weak}`), /handshake failure/, cipher);
    assert.match(session(port, '-tls1_1', '-cipher', `ALL:${weak}`), /alert protocol version|no protocols/);
    assert.match(session(port, '-tls1_3'), /TLSv1\.3, Cipher is TLS_/);
    assert.not.match(session(port, '-tls1_2'), /TLS session ticket:/);
  }
});

test('a returning client resumes its session, without a ticket', () => {
  const once = ['openssl', 's_client', '-connect', '127.0.0.1:443', '-tls1_2'];
  proxy.stage.must('sid', [...once, '-sess_out', '/root/session']);
  assert.match(proxy.stage.must('sid', [...once, '-sess_in', '/root/session']), /^Reused, TLSv1\.2/m);
});

test('Element’s files are sent compressed, Synapse’s answers as they are', () => {
  const encoding = (target: string) =>
    proxy.request(target, { options: ['--compressed'] }).headers['content-encoding'];
  assert.is(encoding('/config.json'), 'gzip');
  assert.is(encoding('/_matrix/client/versions'), undefined);
});

test('the suites of TLS 1.2 are those of Mozilla’s intermediate profile', () => {
  const [, list = ''] = /ssl_ciphers (\S+);/.exec(siteOf(documentOf('default'))) ?? [];
  const { stdout } = proxy.stage.run('sid', ['openssl', 'ciphers', '-s', '-tls1_2', list]);
  assert.equal(stdout.trim().split(':').sort(), [
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ]);
});

/** The content of both logs. */
const logs = () =>
  ['access', 'error'].map((name) =>
    readFileSync(proxy.stage.path('sid', `/var/log/nginx/${name}.log`), 'utf8'),
  );

test('the logs contain no query string and no Referer, also for failed requests', () => {
  const secret = 'syt_c2VjcmV0_of_a_user';
  const referer = ['-H', `Referer: https://matrix.example.org/?loginToken=${secret}`];
  const path = '/_matrix/client/v3/sync';
  for (const target of [path, '/', '/.well-known/matrix/client'])
    assert.is(proxy.request(`${target}?access_token=${secret}`, { options: referer }).status, 200);
  const hangUp = [...referer, '-H', 'X-Hang-Up: 1'];
  for (const target of [path, '/'])
    assert.is(proxy.request(`${target}?access_token=${secret}`, { options: hangUp }).status, 502);
  const large = [...referer, '--http1.1', '-X', 'POST', '-H', 'Content-Length: 99999999'];
  assert.is(proxy.request(`${path}?access_token=${secret}`, { options: large }).status, 413);
  assert.is(
    proxy.request(`/_synapse/admin/../client?access_token=${secret}`, { options: referer }).status,
    404,
  );
  // The image's own server, which redirects port 80 to https
  const plain = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', ...referer];
  assert.is(proxy.stage.must('sid', [...plain, `http://127.0.0.1${path}?access_token=${secret}`]), '301');

  const [access = '', error = ''] = logs();
  assert.not.match(access, secret);
  assert.not.match(error, secret);
  for (const status of [200, 413, 502])
    assert.match(
      access,
      new RegExp(`^127\\.0\\.0\\.1 \\[.*\\] "\\w+ ${path} HTTP/\\S+" ${status} \\d+ "curl/.*" 443$`, 'm'),
    );
});

test('headers: no other site frames Element, and browsers stay with TLS and with the given types', () => {
  const everywhere = { 'strict-transport-security': 'max-age=31536000', 'x-content-type-options': 'nosniff' };
  const hangUp = ['-H', 'X-Hang-Up: 1'];
  const expect = (target: string, expected: Record<string, string | undefined>, options: string[] = []) => {
    const { headers } = proxy.request(target, { options });
    const about = `${target} ${options.join(' ')}`;
    for (const [name, value] of Object.entries({ ...everywhere, ...expected }))
      assert.is(headers[name], value, `${about}: ${name}`);
  };
  const framed = { 'x-frame-options': 'SAMEORIGIN', 'content-security-policy': "frame-ancestors 'self'" };
  const open = { 'x-frame-options': undefined, 'content-security-policy': undefined };
  for (const target of ['/', '/config.json', '/jitsi.html']) expect(target, framed);
  expect('/', framed, hangUp);
  for (const target of ['/_matrix/client/versions', '/_synapse/client/x', '/.well-known/matrix/server'])
    expect(target, open);
  expect('/_matrix/client/versions', open, hangUp);
  expect('/_synapse/admin/../client', open);
});

test("a client of another origin can read nginx's own answers for Synapse", () => {
  const origin = ['-H', 'Origin: https://app.example.com'];
  const answers: [Answer, number, string][] = [
    [
      proxy.request('/_matrix/client/versions', { options: [...origin, '-H', 'X-Hang-Up: 1'] }),
      502,
      'M_UNKNOWN',
    ],
    [
      proxy.request('/_matrix/media/v3/upload', {
        options: [...origin, '--http1.1', '-X', 'POST', '-H', 'Content-Length: 99999999'],
      }),
      413,
      'M_TOO_LARGE',
    ],
  ];
  for (const [{ status, headers, body }, code, errcode] of answers) {
    assert.is(status, code);
    assert.is(headers['access-control-allow-origin'], '*');
    assert.is(headers['content-type'], 'application/json');
    assert.is(JSON.parse(body).errcode, errcode);
  }
  // Synapse sends this header itself; browsers reject a response with two of them.
  const { headers } = proxy.request('/_matrix/client/versions', { options: origin });
  assert.is(headers['access-control-allow-origin'], undefined);
});

test('nginx does not reveal its version', () => {
  assert.is(proxy.request('/.well-known/matrix/server').headers.server, 'nginx');
});

test.run();
