/** Requests through the proxy that the environment names for each address, or directly where NO_PROXY says so. */
import { ClientRequest, type Agent as HttpAgent, globalAgent as httpAgent } from 'node:http';
import { globalAgent as httpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { Agent, type AgentConnectOpts } from 'agent-base';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import { ProxyError } from './proxy';

interface Proxy {
  readonly url: URL;
  /** The variable that names it. */
  readonly variable: string;
  /** For messages: without name and password. */
  readonly shown: string;
}

/** @throws ProxyError when the variable holds something else */
function proxyFor(target: string): Proxy | undefined {
  if (getProxyForUrl(target) === '') return undefined;
  const own = `${new URL(target).protocol.slice(0, -1)}_proxy`;
  const names = [own, own.toUpperCase(), 'all_proxy', 'ALL_PROXY'];
  const variable = names.find((name) => process.env[name]) ?? own;
  const value = process.env[variable] ?? '';
  // As curl reads it: an address without a scheme is a proxy that speaks plain HTTP.
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new ProxyError(
      `${variable} does not hold the address of an HTTP proxy`,
      `set it to http://HOST:PORT or https://HOST:PORT`,
    );
  }
  return { url, variable, shown: `${url.protocol}//${url.host}` };
}

function refused(proxy: Proxy, target: string, status: string): ProxyError {
  const direct = 'or add its host to NO_PROXY if it can be reached directly';
  const hint = status.startsWith('407')
    ? `put the proxy's NAME:PASSWORD@ before the host in ${proxy.variable}`
    : status.startsWith('5')
      ? `check the address and the proxy's own network, ${direct}`
      : `have the proxy allow this address, ${direct}`;
  return new ProxyError(`the proxy ${proxy.shown} does not connect to ${target} (${status.trim()})`, hint);
}

/** For a proxy that has answered itself, as it does to http: requests. @param status 407 and its words */
export function refusalOf(url: string, status: string): Error {
  const proxy = proxyFor(url);
  return proxy ? refused(proxy, new URL(url).host, status) : new Error(status);
}

function unreachable(proxy: Proxy, cause: unknown): ProxyError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new ProxyError(
    `the proxy ${proxy.shown} cannot be reached (${code ?? message})`,
    `check ${proxy.variable}, or add the host to NO_PROXY if it can be reached directly`,
    { cause },
  );
}

/** For http: and https: requests alike; it reads the environment again for each connection. */
export class EnvironmentAgent extends Agent {
  override async connect(request: ClientRequest, options: AgentConnectOpts): Promise<Duplex | HttpAgent> {
    const { secureEndpoint, host, port } = options;
    const name = host?.includes(':') ? `[${host}]` : host;
    const target = `${name}:${port}`;
    const proxy = proxyFor(`${secureEndpoint ? 'https' : 'http'}://${target}`);
    if (!proxy) return secureEndpoint ? httpsAgent : httpAgent;
    // An aborted request also closes the connection to a proxy that does not answer. Until it has a socket,
    // Node emits nothing when it is destroyed.
    const ended = new AbortController();
    request.destroy = (error) => {
      ended.abort();
      return ClientRequest.prototype.destroy.call(request, error);
    };
    let answer: { statusCode?: number; statusText?: string } = {};
    request.once('proxyConnect', (given: typeof answer) => {
      answer = given;
    });
    const given = { signal: ended.signal } as object;
    const agent: Agent = secureEndpoint
      ? new HttpsProxyAgent(proxy.url, given)
      : new HttpProxyAgent(proxy.url, given);
    let socket: Duplex | HttpAgent;
    try {
      socket = await agent.connect(request, options);
    } catch (error) {
      throw unreachable(proxy, error);
    } finally {
      request.destroy = ClientRequest.prototype.destroy;
    }
    // http: is not tunnelled: the proxy's refusal is the answer to the request itself.
    if (!secureEndpoint || answer.statusCode === 200) return socket;
    socket.destroy();
    throw refused(proxy, target, `${answer.statusCode} ${answer.statusText ?? ''}`);
  }
}
