// A multipass that boots the lab's machines. The real command runs in the network outside and controls a real server
// through the stand-in multipass of test/support, which sends its requests here.
import { createServer, type Server as SocketServer } from 'node:net';
import { join, resolve } from 'node:path';
import { load } from 'js-yaml';
import type { Report } from '../../src/verify/report';
import { reemitted } from '../conformance/support/multipass';
import { FakeMultipass } from '../support/multipass/fake';
import type { Lab } from './lab';
import type { Machine } from './machines/machine';
import type { Outcome } from './machines/run';

type Question =
  | { readonly what: 'launch'; readonly document: string }
  | { readonly what: 'exec'; readonly script: string }
  | { readonly what: 'delete' };

/** The result of a run of `verify`: the verdict, and its output. */
export interface Verified extends Outcome {
  readonly report: Report | undefined;
}

export class LabMultipass {
  private readonly fake: FakeMultipass;
  private machine: Machine | undefined;
  private document = '';
  private server: SocketServer | undefined;

  /** @param boot makes and boots the machine of a document */
  constructor(
    private readonly lab: Lab,
    private readonly name: string,
    private readonly boot: (document: string) => Promise<Machine>,
  ) {
    this.fake = new FakeMultipass();
  }

  /** Opens the socket; the lab closes it in the end. */
  async open(): Promise<void> {
    const socket = join(this.fake.folder, 'machine');
    this.server = createServer((connection) => {
      let text = '';
      connection.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (!text.endsWith('\n')) return;
        this.answer(JSON.parse(text) as Question).then(
          (answer) => connection.end(JSON.stringify(answer)),
          (error: unknown) => connection.destroy(error instanceof Error ? error : undefined),
        );
      });
      connection.on('error', () => undefined);
    });
    await new Promise<void>((done) => this.server?.listen(socket, done));
    this.fake.behave({ socket, initialization: 0, patience: 600_000 });
    this.lab.atEnd(async () => {
      this.server?.close();
      this.fake.remove();
    });
  }

  /** The machine that the last launch booted. */
  get booted(): Machine {
    if (!this.machine) throw new Error('no launch came so far');
    return this.machine;
  }

  private async answer(question: Question): Promise<object> {
    if (question.what === 'delete') return {};
    if (question.what === 'launch') {
      // The same document reuses the same machine: one boot serves many runs.
      if (question.document !== this.document || !this.machine) {
        this.document = question.document;
        this.machine = await this.boot(reemitted(load(question.document)));
      }
      return { address: this.machine.address };
    }
    const { code, stdout, stderr } = await this.booted.exec(['sh', '-s'], {
      input: question.script,
      timeoutMs: 120_000,
    });
    return { code, stdout, stderr };
  }

  /** Runs `gen-cloudinit verify multipass` in the place outside, with the machine's address as the only way to it. */
  async verify(args: readonly string[]): Promise<Verified> {
    const settings = Object.entries(this.fake.environment).map(([name, value]) => `${name}=${value}`);
    const command = [
      process.execPath,
      resolve('dist/cli.js'),
      'verify',
      'multipass',
      '--name',
      this.name,
      '--json',
    ];
    const saveTo = ['--save-to', join(this.lab.options.out, 'verify')];
    const argv = ['env', ...settings, ...command, ...saveTo, ...args];
    const outcome = await this.lab.outside.run(argv, { timeoutMs: 600_000 * this.lab.patience });
    const report = outcome.stdout === '' ? undefined : (JSON.parse(outcome.stdout) as Report);
    return { ...outcome, report };
  }

  /** The instance's state according to the stand-in multipass. */
  get left(): string {
    return this.fake.instance(this.name)?.state ?? 'nothing';
  }
}
