/**
 * Whether the environment names a proxy, and what can go wrong with one. proxy-agent.ts speaks to the proxy, and is
 * loaded only where there is one.
 */

/** The proxy is not reachable, refuses, or is not a proxy. `message` is the sentence and what to do. */
export class ProxyError extends Error {
  readonly code = 'EPROXY';

  constructor(
    /** What happened, without a full stop. */
    readonly sentence: string,
    /** What to do. */
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${sentence}: ${hint}`, options);
    this.name = 'ProxyError';
  }
}

const NAMES = ['https_proxy', 'http_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]);

/** Whether any proxy is set; NO_PROXY may still exempt every address. */
export function proxyIsSet(environment: NodeJS.ProcessEnv = process.env): boolean {
  return NAMES.some((name) => environment[name]);
}
