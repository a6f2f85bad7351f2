import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';

/** Downloads are retried only as long as that can help. */
const test = suiteOf('downloads');

const WORKS_AT_THIRD = `tries=$ROOT/tries
  download() { echo x >>"$tries"; [ "$(wc -l <"$tries")" -ge 3 ] || { echo 'curl: (7) Connection refused'; return 7; }; echo done; }`;
/** A download that always fails with this message. */
const failing = (words: string) => `download() { cat <<'WORDS'\n${words}\nWORDS\nreturn 1; }\n`;
const PAUSES = /^sleep (\d+)$/;

test('a download that works at once prints nothing and does not wait', (server) => {
  const { code, stdout, stderr, calls } = server.call("retry 'fetching it' echo done");
  assert.equal([code, stdout, stderr, calls], [0, '', '', []]);
});

test('a download is repeated with a growing pause until it works, and each retry is reported', (server) => {
  const { code, stdout, calls } = server.call(`${WORKS_AT_THIRD}\nretry 'fetching it' download`);
  assert.is(code, 0);
  assert.equal(calls, ['sleep 5', 'sleep 10']);
  assert.is(
    stdout,
    [5, 10]
      .map(
        (pause) =>
          `curl: (7) Connection refused\ngen-cloudinit: fetching it: no answer, is the network up?; again in ${pause} s\n`,
      )
      .join(''),
  );
});

test('the pause grows to 80 seconds, and after half an hour the reason is final', (server) => {
  const { code, stderr, calls } = server.call(`${failing('curl: (7) refused')}retry 'fetching it' download`);
  assert.is.not(code, 0);
  assert.is(stderr, 'gen-cloudinit: failed: fetching it: no answer, is the network up?\n');
  const pauses = calls.map((call) => Number(PAUSES.exec(call)?.[1]));
  assert.equal(pauses.slice(0, 7), [5, 10, 20, 40, 80, 80, 80]);
  assert.ok(pauses.slice(4).every((pause) => pause === 80));
  const whole = pauses.reduce((sum, pause) => sum + pause, 0);
  assert.ok(whole > 1700 && whole < 1900, `${whole}`);
});

// `!`: the first try is the last.
for (const [reason, words] of [
  ["!the repository is not signed with the document's key", "E: The repository 'https://x y' is not signed."],
  [
    '!the key at https://docker.example.org/gpg is not the one that the document names',
    'E: Hash Sum mismatch: https://docker.example.org/gpg',
  ],
  ['!there is no room for it on the disk', 'curl: (63) Maximum file size limit exceeded'],
  ['!there is no such image, or it is private', 'Error: manifest unknown'],
  ['the registry limits downloads (429)', 'toomanyrequests: slow down'],
  [
    'apt: Cannot find gpgv',
    'Err:1 x\n  Internal error: Cannot find gpgv\nE: Some index files failed to download.',
  ],
  ["the server's certificate is not trusted: unknown authority", 'Get "https://x": x509: unknown authority'],
  [
    '!the server answers 401: the URL is wrong or has expired',
    'curl: (22) The requested URL returned error: 401',
  ],
  // From a registry.
  [
    'the server refuses access: unexpected status from HEAD request to https://x: 401 Unauthorized',
    'unexpected status from HEAD request to https://x: 401 Unauthorized',
  ],
  [
    '!the server answers 403: the URL is wrong or has expired',
    'curl: (22) The requested URL returned error: 403',
  ],
  // curl before 7.75 adds HTTP/1.1's reason phrase.
  [
    '!the server answers 404: the URL is wrong or has expired',
    'Warning: x\ncurl: (22) The requested URL returned error: 404 Not Found',
  ],
  [
    '!the server answers 410: the URL is wrong or has expired',
    'curl: (22) The requested URL returned error: 410 ',
  ],
  // A mirror that is being updated, or a registry's proxy, may have it a minute later.
  [
    'E: Failed to fetch https://x/y.deb  404  Not Found [IP: 192.0.2.1 443]',
    'Reading lists\nE: Failed to fetch https://x/y.deb  404  Not Found [IP: 192.0.2.1 443]',
  ],
  ['curl: (22) The requested URL returned error: 500', 'curl: (22) The requested URL returned error: 500'],
  ['no answer, is the network up?', 'dial tcp: lookup x: no such host'],
  [
    'E: Unable to locate package x',
    'Reading lists\nE: Unable to locate package x\nE: Some index files failed to download.',
  ],
  ['the last of several lines', 'one line\nthe last of several lines'],
] as const)
  test(`why a download failed: ${reason}`, (server) => {
    const { code, stderr, calls } = server.call(
      `${failing(words)}SECONDS=1790\nretry 'fetching it' download`,
    );
    assert.is.not(code, 0);
    assert.is(stderr, `gen-cloudinit: failed: fetching it: ${reason.replace(/^!/, '')}\n`);
    // There is time for one more try.
    assert.equal(calls, reason.startsWith('!') ? [] : ['sleep 5', 'sleep 10'].slice(0, calls.length));
    assert.is(calls.length > 0, !reason.startsWith('!'));
  });

const NO_IMAGE = 'failed to resolve reference "docker.io/x/y:1": docker.io/x/y:1: not found';
for (const [mirrors, tries] of [
  ['echo "[]"', 'once'],
  // A daemon that does not answer does not name a mirror.
  ['exit 1', 'once'],
  ['echo "[https://mirror.example.org/]"', 'for ten minutes'],
] as const)
  test(`an image that is not found is looked for ${tries} when docker info does: ${mirrors}`, (server) => {
    server.answer('docker', { 'info -f {{.RegistryConfig.Mirrors}}': mirrors });
    const { code, stderr, calls } = server.call(`${failing(NO_IMAGE)}retry 'pulling x' download`);
    assert.is.not(code, 0);
    assert.is(stderr, 'gen-cloudinit: failed: pulling x: there is no such image\n');
    const pauses = calls.flatMap((call) => PAUSES.exec(call)?.[1] ?? []).map(Number);
    const whole = pauses.reduce((sum, pause) => sum + pause, 0);
    assert.ok(tries === 'once' ? whole === 0 : whole > 500 && whole < 700, `${whole}`);
  });

test('only images that are missing are pulled', (server) => {
  server.answer('docker', {
    'image inspect there:1': 'echo []',
    'image inspect *': 'exit 1',
    'pull -q *': ':',
  });
  const { code, calls } = server.call('pull_images there:1 new:1 new:2');
  assert.is(code, 0);
  assert.equal(calls.filter((call) => call.startsWith('docker pull')).sort(), [
    'docker pull -q new:1',
    'docker pull -q new:2',
  ]);
});

test('an image that cannot be pulled ends the command, also while another pull runs', (server) => {
  server.answer('docker', {
    'image inspect *': 'exit 1',
    'pull -q gone:1': 'while [ ! -e "$ROOT/begun" ]; do sleep 0.02; done; echo "manifest unknown"; exit 1',
    'pull -q long:1': ': >"$ROOT/begun"; while [ ! -e "$ROOT/over" ]; do sleep 0.02; done',
  });
  const { code, stdout, stderr } = server.call(
    `trap ': >"$ROOT/over"' EXIT\npull_images gone:1 long:1\necho goes on`,
  );
  assert.equal([code, stdout], [1, 'manifest unknown\n']);
  assert.is(stderr, 'gen-cloudinit: failed: pulling gone:1: there is no such image, or it is private\n');
});

test('an image that cannot be pulled ends the command when no other pull runs', (server) => {
  server.answer('docker', {
    'image inspect *': 'exit 1',
    'pull -q gone:1': 'echo "manifest unknown"; exit 1',
  });
  const { code, stdout } = server.call('pull_images gone:1\necho goes on');
  assert.equal([code, stdout], [1, 'manifest unknown\n']);
});

test.run();
