// The real code creates and removes instances through a stand-in multipass on PATH, which behaves as the real one.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readFlags } from '../../src/config/flags';
import { launchMultipass } from '../../src/machines/multipass/launch';
import { MULTIPASS_FLAGS } from '../../src/machines/multipass/multipass-flags';
import { FakeMultipass } from '../support/multipass/fake';

const test = suite<{ fake: FakeMultipass; before: NodeJS.ProcessEnv }>('launch on multipass');
test.before.each((context) => {
  context.before = { ...process.env };
  context.fake = new FakeMultipass();
  Object.assign(process.env, context.fake.environment);
});
test.after.each(({ fake, before }) => {
  process.env.PATH = before.PATH;
  delete process.env.FAKE_MULTIPASS;
  fake.remove();
});

const NAME = 'gc-verify-test';
const DOCUMENT = Buffer.from('#cloud-config\nruncmd: [echo "a  b"]\n# the end\n');

/** The progress lines of a launch. */
interface Told {
  announced: string[];
  lines: string[];
}

function launch(
  signal: AbortSignal = new AbortController().signal,
  told: Told = { announced: [], lines: [] },
) {
  const { values } = readFlags(MULTIPASS_FLAGS, { 'time-limit': 30 });
  const options = { ...values, name: NAME, image: '24.04' };
  const start = launchMultipass(options, (command) => told.announced.push(command));
  return start(DOCUMENT, { progress: (line) => told.lines.push(line) }, signal);
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => assert.unreachable('it was not refused'),
    (error: Error) => error.message,
  ) as Promise<string>;
}

test('the document arrives byte for byte, by standard input; the resources are those of the deployment', async ({
  fake,
}) => {
  const told: Told = { announced: [], lines: [] };
  const machine = await launch(undefined, told);
  assert.is(fake.instance(NAME)?.document, DOCUMENT.toString());
  const resources = ['--cpus', '2', '--memory', '4G', '--disk', '20G', '--timeout', '1800'];
  assert.equal(fake.calls('launch'), [
    ['launch', '24.04', '--name', NAME, ...resources, '--cloud-init', '-'],
  ]);
  assert.equal(told.announced, [`multipass delete --purge ${NAME}`]);
  assert.equal(machine.reach?.(443), { host: '127.0.0.1', port: 443 });
  assert.is(machine.howTo.enter, `multipass shell ${NAME}`);
  await machine.destroy();
  await machine.destroy();
  assert.is(fake.instance(NAME), undefined);
  assert.equal(fake.calls('delete'), [['delete', '--purge', NAME]]);
});

test("a script's exit code is its own, 255 and 2 too; its standard input is empty", async () => {
  const machine = await launch();
  const exec = machine.exec!;
  assert.equal(await exec('echo out; echo err >&2; exit 255'), {
    code: 255,
    stdout: 'out\n',
    stderr: 'err\n',
  });
  assert.is((await exec('exit 2')).code, 2);
  assert.equal(await exec("cat; printf '%s' 'no newline'; true"), {
    code: 0,
    stdout: 'no newline',
    stderr: '',
  });
  assert.match(await refusal(exec('sleep 9', { timeoutMs: 300 })), 'no end within 0.3 s');
  await machine.destroy();
});

test('a failure of multipass exec differs from a failed script', async ({ fake }) => {
  const machine = await launch();
  fake.behave({ exec: 'broken' });
  assert.match(await refusal(machine.exec!('true')), /multipass exec on .* failed: .*Connection refused/);
  await machine.destroy();
});

test('looking at a stopped instance does not start it', async ({ fake }) => {
  const machine = await launch();
  fake.put(NAME, { state: 'Stopped' });
  assert.match(await refusal(machine.exec!('true')), 'is stopped');
  assert.is(fake.instance(NAME)?.startedByExec, undefined);
  await machine.destroy();
});

test('the launch returns the machine while multipass still waits for cloud-init', async ({ fake }) => {
  // Longer than any test may take: waiting for it would never end.
  fake.behave({ initialization: 24 * 3_600_000 });
  const machine = await launch();
  assert.is((await machine.exec!('true')).code, 0);
  await machine.destroy();
  assert.is(fake.instance(NAME), undefined);
});

for (const limit of ['client-timeout', 'daemon-timeout'] as const) {
  test(`${limit}: the instance runs all the same, and is used and removed`, async ({ fake }) => {
    fake.behave({ launch: limit, initialization: 0 });
    const machine = await launch();
    assert.is((await machine.exec!('true')).code, 0);
    await machine.destroy();
    assert.is(fake.instance(NAME), undefined);
  });
}

test('a time-out before the instance runs leaves nothing', async ({ fake }) => {
  fake.behave({ boot: 20_000, patience: 1000 });
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('time limit')), 4000);
  await refusal(launch(controller.signal));
  assert.is(fake.instance(NAME), undefined);
});

for (const [state, words] of [
  ['Running', 'has an instance gc-verify-test already (Running)'],
  [
    'Deleted',
    'already (Deleted): give another --name, or remove it: multipass delete --purge gc-verify-test',
  ],
] as const) {
  test(`a name that is taken (${state}): nothing is made, nothing is removed`, async ({ fake }) => {
    fake.put(NAME, { state });
    const told: Told = { announced: [], lines: [] };
    assert.match(await refusal(launch(undefined, told)), words);
    assert.is(fake.instance(NAME)?.state, state);
    assert.equal(told.announced, []);
    assert.equal([...fake.calls('launch'), ...fake.calls('delete')], []);
  });
}

test('an instance of another user that took the name in between is not removed', async ({ fake }) => {
  fake.behave({ launch: 'taken-meanwhile', state: 'Starting' });
  // An instance appears that belongs to another user, before the launch has reported that the name is taken.
  assert.match(await refusal(launch()), 'already exists');
  assert.ok(fake.instance(NAME)?.other);
  assert.equal(fake.calls('delete'), []);
});

test('a refusal by multipass is reported in its words', async ({ fake }) => {
  fake.behave({ launch: 'refused', complaint: 'Remote "" is unknown or unreachable.' });
  const words = await refusal(launch());
  assert.is(words, `multipass could not launch ${NAME}: Remote "" is unknown or unreachable.`);
});

test('not installed, and a daemon that is not running, each in one sentence', async ({ fake }) => {
  fake.behave({ daemon: 'down' });
  assert.match(await refusal(launch()), /^multipass does not answer: its daemon is not running; start it/);
  process.env.PATH = '/nowhere';
  assert.match(await refusal(launch()), /^multipass is not installed: see https:/);
});

test('interrupted before there is an instance: an instance that the daemon creates later is removed', async ({
  fake,
}) => {
  fake.behave({ download: 3000 });
  const controller = new AbortController();
  const accepted = setInterval(() => {
    if (fake.calls('daemon').length > 0) controller.abort(new Error('interrupted'));
  }, 20);
  assert.match(await refusal(launch(controller.signal)), 'interrupted');
  clearInterval(accepted);
  // The daemon's process has ended, so no instance can appear later.
  await new Promise((resolve) => setTimeout(resolve, 4000));
  assert.is(fake.instance(NAME), undefined);
  assert.ok(fake.calls('delete').length > 0);
});

test('a refused delete is retried', async ({ fake }) => {
  const machine = await launch();
  fake.beStubborn(2);
  await machine.destroy();
  assert.is(fake.instance(NAME), undefined);
  assert.is(fake.calls('delete').length, 3);
});

test.run();
