import * as assert from 'uvu/assert';
import { COMBINATIONS, documentOf, generated } from './support/documents';
import {
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

test('the image finds one certificate, for the domain alone, under a name that it takes for no setting', () => {
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

/** Spellings of the admin API, which must not be reachable from outside: what nginx tidies and Synapse does not. */
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

test('what reaches Synapse is what was sent, byte by byte: signatures cover it', () => {
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
      if (target.includes('%00') && answer.status === 400) continue; // nginx refuses a NUL by itself
      assert.is(request?.url, target, options.join());
      assert.is(request?.port, SYNAPSE, target);
    }
  }
});

test('the headers tell Synapse and Element who asked, and a client cannot forge them', () => {
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

test('nginx does not tell its version', () => {
  assert.is(proxy.request('/.well-known/matrix/server').headers.server, 'nginx');
});

test.run();
