// Commands in a virtual machine by the QEMU guest agent: JSON over a virtio serial port, so it needs no network, no
// key and no account inside. Commands: QEMU documentation, "QEMU Guest Agent Protocol Reference".
import { connect, type Socket } from 'node:net';
import { plainEnvironment } from './powered';
import { type Outcome, pause } from './run';

/** The agent's error: it refused a command, or the command failed. */
export class AgentError extends Error {}

/** The agent does not answer: the system inside is starting, stopping or gone. */
export class AgentSilentError extends Error {}

interface Reply {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

interface ExecStatus {
  readonly exited: boolean;
  readonly exitcode?: number;
  readonly signal?: number;
  readonly 'out-data'?: string;
  readonly 'err-data'?: string;
  readonly 'out-truncated'?: boolean;
  readonly 'err-truncated'?: boolean;
}

/** A connection to the agent's socket, which QEMU holds open from its start; one request at a time is under way. */
export class GuestAgent {
  private socket: Socket | undefined;
  private rest = '';
  private listener: ((reply: Reply) => void) | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private inStep = false;
  private life = 0;
  private abandon: ((error: AgentSilentError) => void) | undefined;

  constructor(private readonly path: string) {}

  /** Drops the connection to the system inside: pending requests get no answer. */
  close(): void {
    this.socket?.destroy();
    this.socket = undefined;
    this.inStep = false;
    this.life += 1;
    this.abandon?.(new AgentSilentError('the connection is closed'));
  }

  /** Whether the agent answers within the time. */
  async answers(timeoutMs: number): Promise<boolean> {
    try {
      await this.request('guest-ping', {}, timeoutMs);
      return true;
    } catch (error) {
      if (error instanceof AgentSilentError) return false;
      throw error;
    }
  }

  /**
   * Runs argv inside and returns its outcome. Throws AgentSilentError when the agent stops answering for 15 s and
   * AgentError when the system has been restarted meanwhile, or the output is more than the agent keeps (16 MiB).
   */
  async exec(argv: readonly string[], input?: string): Promise<Outcome> {
    const [path, ...arg] = argv;
    const life = this.life;
    const started = await this.request('guest-exec', {
      path,
      arg,
      env: Object.entries(plainEnvironment).map(([key, value]) => `${key}=${value}`),
      'capture-output': true,
      ...(input === undefined ? {} : { 'input-data': Buffer.from(input).toString('base64') }),
    });
    for (let wait = 20; ; wait = Math.min(wait * 2, 300)) {
      await pause(wait);
      if (life !== this.life) throw new AgentSilentError('the connection was closed');
      const status = (await this.request('guest-exec-status', started)) as ExecStatus;
      if (!status.exited) continue;
      if (status['out-truncated'] || status['err-truncated']) throw new AgentError('the output is too long');
      const text = (data: string | undefined) => Buffer.from(data ?? '', 'base64').toString();
      const code = status.exitcode ?? 128 + (status.signal ?? 0);
      return { code, stdout: text(status['out-data']), stderr: text(status['err-data']) };
    }
  }

  private request(execute: string, args: unknown, timeoutMs = 15_000): Promise<unknown> {
    const turn = this.queue.then(async () => {
      // After a silence the agent may still answer earlier requests; guest-sync distinguishes old from new answers.
      if (!this.inStep) await this.synchronise(timeoutMs);
      return this.ask(execute, args, timeoutMs);
    });
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private async synchronise(timeoutMs: number): Promise<void> {
    const id = Math.floor(Math.random() * 2 ** 31);
    await this.ask('guest-sync-delimited', { id }, timeoutMs, (reply) => reply.return === id);
    this.inStep = true;
  }

  private async ask(
    execute: string,
    args: unknown,
    timeoutMs: number,
    isMine: (reply: Reply) => boolean = () => true,
  ): Promise<unknown> {
    const socket = await this.connected();
    const reply = await new Promise<Reply>((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.listener = undefined;
        this.abandon = undefined;
        act();
      };
      const timer = setTimeout(() => {
        this.inStep = false;
        settle(() => reject(new AgentSilentError(`no answer to ${execute} within ${timeoutMs} ms`)));
      }, timeoutMs);
      this.abandon = (error) => settle(() => reject(error));
      this.listener = (candidate) => {
        if (isMine(candidate)) settle(() => resolve(candidate));
      };
      // 0xFF resets the agent's parser after an incomplete request.
      const mark = execute.startsWith('guest-sync') ? Buffer.from([0xff]) : Buffer.alloc(0);
      socket.write(Buffer.concat([mark, Buffer.from(`${JSON.stringify({ execute, arguments: args })}\n`)]));
    });
    if (reply.error) throw new AgentError(`${execute}: ${reply.error.desc}`);
    return reply.return;
  }

  private connected(): Promise<Socket> {
    if (this.socket) return Promise.resolve(this.socket);
    return new Promise((resolve, reject) => {
      const socket = connect(this.path);
      socket.once('error', (error) => {
        this.close();
        reject(new AgentSilentError('no connection to the agent', { cause: error }));
      });
      socket.once('close', () => this.close());
      socket.once('connect', () => {
        this.socket = socket;
        this.rest = '';
        resolve(socket);
      });
      // latin1 keeps the delimiter 0xFF one character. Replies are ASCII, because their data is base64.
      socket.setEncoding('latin1');
      socket.on('data', (chunk: string) => this.take(chunk));
    });
  }

  private take(chunk: string): void {
    const lines = (this.rest + chunk).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const text = line.replaceAll('\xff', '').trim();
      if (text) this.listener?.(JSON.parse(text) as Reply);
    }
  }
}
