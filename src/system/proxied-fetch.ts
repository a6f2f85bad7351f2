/** What a download needs of fetch, through a proxy: Node's own fetch supports proxies only from Node 24 on. */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import { EnvironmentAgent, refusalOf } from './proxy-agent';

const REDIRECTS = 10;

interface Asked {
  readonly headers?: Record<string, string>;
  readonly signal: AbortSignal;
}

/** GET, with redirects. @returns as fetch does; the body is dropped unless the answer is OK */
export async function proxiedFetch(url: string, asked: Asked): Promise<Response> {
  const agent = new EnvironmentAgent();
  let at = new URL(url);
  for (let redirects = 0; ; redirects += 1) {
    const message = await answer(at, asked, agent);
    const { statusCode: status = 0, statusMessage: statusText = '', headers } = message;
    if (status === 200 || status === 206) {
      const body = Readable.toWeb(message) as ConstructorParameters<typeof Response>[0];
      return new Response(body, { status, statusText, headers: headersOf(message) });
    }
    message.destroy();
    if (status === 407) throw refusalOf(at.href, `407 ${statusText}`);
    const to = status >= 300 && status < 400 ? headers.location : undefined;
    if (to === undefined) return new Response(null, { status, statusText });
    if (redirects === REDIRECTS) throw new Error(`more than ${REDIRECTS} redirects`);
    at = new URL(to, at);
    if (!/^https?:$/.test(at.protocol)) throw new Error(`a redirect to ${at.protocol}`);
  }
}

function answer(
  url: URL,
  { headers = {}, signal }: Asked,
  agent: EnvironmentAgent,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, { headers, agent });
    let message: IncomingMessage | undefined;
    const stop = () => {
      message?.destroy(signal.reason);
      request.destroy(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    request.once('close', () => signal.removeEventListener('abort', stop));
    request.once('response', (response) => {
      message = response;
      resolve(response);
    });
    request.on('error', reject);
    request.end();
  });
}

function headersOf({ headers }: IncomingMessage): [string, string][] {
  return Object.entries(headers).map(([name, value]) => [name, String(value)]);
}
