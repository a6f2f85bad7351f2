/** An error of EC2, of the SDK or of the network, in words for the user. */
import { ProxyError } from '../../system/proxy';
import { type Context, EXPLANATIONS, PATTERNS } from './error-table';

/** `message` is one sentence and what to do; the original error is the cause. */
export class Ec2Error extends Error {
  constructor(
    /** EC2's code, such as `VcpuLimitExceeded`, or the name of an error of SDK or network. */
    readonly code: string,
    /** What happened, without a full stop. */
    readonly sentence: string,
    /** What to do. */
    readonly hint: string,
    /** The EC2 action that was refused, if it was one. */
    readonly action: string | undefined,
    /**
     * Whether EC2 has read and refused the request, so that it created nothing. A server error or a lost answer proves neither.
     */
    readonly refused: boolean,
    cause: unknown,
  ) {
    const origin = [action, code === 'Error' ? undefined : code].filter(Boolean).join(': ');
    super(`${sentence}: ${hint}${origin ? ` (${origin})` : ''}`, { cause });
    this.name = 'Ec2Error';
  }
}

/** Whether this is the refusal (or failure) with one of these codes. */
export function hasCode(error: unknown, codes: readonly string[]): error is Ec2Error {
  return error instanceof Ec2Error && codes.includes(error.code);
}

/**
 * @param error what the SDK threw
 * @param context what the program was doing, for the sentence
 */
export function explain(error: unknown, context: Context): Ec2Error {
  if (error instanceof Ec2Error) return error;
  if (error instanceof ProxyError)
    return new Ec2Error(error.code, error.sentence, error.hint, context.action, false, error);
  const { code, message, status } = facts(error);
  const known =
    PATTERNS.find(({ codes, says }) => (!codes || codes.includes(code)) && says.test(message))?.explanation ??
    EXPLANATIONS[code];
  const [sentence, hint] = known
    ? known(context, message)
    : [`EC2 answered: ${message.replace(/\.$/, '') || code}`, 'see the EC2 user guide, "Error codes"'];
  return new Ec2Error(code, sentence, hint, context.action, status >= 400 && status < 500, error);
}

/** The SDK's errors carry EC2's code as their name; those of the network carry node's as `code`. */
function facts(error: unknown): { code: string; message: string; status: number } {
  if (!(error instanceof Error)) return { code: 'Unknown', message: String(error), status: 0 };
  const { name, message } = error;
  const status =
    '$metadata' in error ? Number((error.$metadata as { httpStatusCode?: number }).httpStatusCode ?? 0) : 0;
  const causes = [error, error.cause].filter((one) => one instanceof Error);
  const system = causes.map((one) => ('code' in one ? one.code : undefined)).find(isSystemCode);
  return { code: system ?? name, message, status };
}

function isSystemCode(code: unknown): code is string {
  return typeof code === 'string' && /^(?:E[A-Z_]+|[A-Z]+(?:_[A-Z]+)+)$/.test(code);
}
