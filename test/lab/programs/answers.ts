// A tiny web server as a program of its own: fixed answers over https, for domains that are not our servers.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

/** One answer; the path is all that is compared. */
export interface FixedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The program's input. */
export interface AnswersSettings {
  readonly address: string;
  /** Files in PEM. */
  readonly key: string;
  readonly chain: string;
  /** By path. Everything else is 404. */
  readonly answers: Readonly<Record<string, FixedAnswer>>;
}

const settings = JSON.parse(process.argv[2] ?? '') as AnswersSettings;
const tls = { key: readFileSync(settings.key), cert: readFileSync(settings.chain) };
createServer(tls, ({ method, url = '' }, response) => {
  const answer = settings.answers[url];
  console.log(method, url, answer?.status ?? 404);
  response.writeHead(answer?.status ?? 404, answer?.headers).end(answer?.body);
}).listen(443, settings.address);
