// An HTTP server in front of moto: keeps a log of the calls, adds what EC2 does and moto does not (behaviour.ts),
// and lets a test decide the outcome of a single call.
import { createServer, type IncomingHttpHeaders, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { behaviour, type Ec2Behaviour } from './behaviour';
import { motoPort } from './moto';

export interface Reply {
  readonly status: number;
  readonly body: string;
}

export interface Call {
  readonly action: string;
  readonly params: URLSearchParams;
  readonly dryRun: boolean;
  readonly region: string;
}

/** The outcome of a call: an answer, a broken connection, or no answer at all. */
export type Fate = Reply | 'break' | 'hang';

/** Decides one call; `pass` forwards it to EC2 and returns the answer. */
export type Rule = (pass: () => Promise<Reply>, call: Call) => Promise<Fate> | Fate;

interface Waiting {
  readonly action: string;
  readonly rule: Rule;
  readonly dryRun: boolean;
  readonly region: string | undefined;
  times: number;
}

interface When {
  /** 1 if absent. */
  readonly times?: number;
  /** Any if absent. */
  readonly region?: string;
}

export class Gate {
  /** Every call in the order of arrival, dry runs included. */
  readonly log: Call[] = [];
  readonly ec2: Ec2Behaviour;
  private readonly rules: Waiting[] = [];
  private readonly hanging = new Set<ServerResponse>();

  private constructor(
    private readonly server: Server,
    private readonly moto: number,
  ) {
    this.ec2 = behaviour();
  }

  static async open(): Promise<Gate> {
    const server = createServer();
    const gate = new Gate(server, await motoPort());
    server.on('request', async (incoming, outgoing) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const fate = await gate.decide(incoming.headers, Buffer.concat(chunks).toString());
      if (fate === 'hang') gate.hanging.add(outgoing);
      else if (fate === 'break') outgoing.destroy();
      else outgoing.writeHead(fate.status, { 'content-type': 'text/xml' }).end(fate.body);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The next calls of this action (not their dry runs) get this fate. */
  on(action: string, rule: Rule, { times = 1, region }: When = {}): void {
    this.rules.push({ action, rule, times, region, dryRun: false });
  }

  /** Refuses the next calls of this action as EC2 does. */
  refuse(
    action: string,
    code: string,
    message = code,
    options: { status?: number; times?: number } = {},
  ): void {
    this.on(action, () => refusal(code, message, options.status), options);
  }

  /** Refuses the next dry run of this action. */
  refuseDryRun(action: string, code: string, message: string): void {
    const rule = () => refusal(code, message);
    this.rules.push({ action, rule, times: 1, region: undefined, dryRun: true });
  }

  /** Calls of one action so far. */
  calls(action: string): Call[] {
    return this.log.filter((call) => call.action === action && !call.dryRun);
  }

  /** Resets the log, the rules and the simulated state. */
  reset(): void {
    this.log.length = 0;
    this.rules.length = 0;
    this.drop();
    this.ec2.reset();
  }

  async close(): Promise<void> {
    this.drop();
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private drop(): void {
    for (const response of this.hanging) response.destroy();
    this.hanging.clear();
  }

  private async decide(headers: IncomingHttpHeaders, body: string): Promise<Fate> {
    const params = new URLSearchParams(body);
    const action = params.get('Action') ?? '';
    // The scope of the signature: AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/ec2/aws4_request, ...
    const region = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';
    const call: Call = { action, params, dryRun: params.get('DryRun') === 'true', region };
    this.log.push(call);
    const pass = () => this.ec2.answer(call, (changed) => this.forward(headers, changed.toString()));
    const fits = (one: Waiting) =>
      one.action === action &&
      one.times > 0 &&
      one.dryRun === call.dryRun &&
      (one.region ?? region) === region;
    const rule = this.rules.find(fits);
    if (!rule) return pass();
    rule.times--;
    return rule.rule(pass, call);
  }

  private forward(headers: IncomingHttpHeaders, body: string): Promise<Reply> {
    return new Promise((answer, fail) => {
      const forwarded = request(
        {
          host: '127.0.0.1',
          port: this.moto,
          path: '/',
          method: 'POST',
          headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            answer({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
          );
        },
      );
      forwarded.on('error', fail);
      forwarded.end(body);
    });
  }
}

/** An error as EC2 words it (EC2 API reference, "Error response"). */
export function refusal(code: string, message: string, status = 400): Reply {
  return {
    status,
    body: `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>gate</RequestID></Response>`,
  };
}
