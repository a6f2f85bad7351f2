// A server whose user IDs end in another domain: the command's report lists the files that this domain has to serve.
import { administrator, client } from '../judges/client';
import type { Lab } from '../lab';
import type { FixedAnswer } from '../programs/answers';
import type { Scenario } from '../scenario';
import type { Server } from '../server';
import { holds, is, timed, type Verdict } from '../verdict';
import { serve } from '../web-server';
import { cameBy, federate } from './federation';
import { judgeHealthy } from './first-boot';

/**
 * The files that the report lists: an https URL on a line of its own, then, indented, header lines and the body.
 * @returns answers by path.
 */
export function answersOf(report: string, domain: string): Record<string, FixedAnswer> {
  const answers: Record<string, FixedAnswer> = {};
  let current: { path: string; headers: Record<string, string> } | undefined;
  for (const line of report.split('\n')) {
    const [, url] = /^\s+(https:\/\/\S+)$/.exec(line) ?? [];
    const [, name, value] = /^\s{4,}([A-Za-z-]+): (\S.*)$/.exec(line) ?? [];
    const [, body] = /^\s{4,}(\{.*\})$/.exec(line) ?? [];
    if (url && new URL(url).hostname === domain) current = { path: new URL(url).pathname, headers: {} };
    else if (current && name && value) current.headers[name] = value;
    else if (current && body) answers[current.path] = { status: 200, headers: current.headers, body };
    else current = undefined;
  }
  return answers;
}

/** Whether a server finds a user of another server, which requires discovery, TLS, keys and a signed request. */
const finds = async (lab: Lab, from: Server, userId: string): Promise<readonly Verdict[]> => {
  const account = await administrator(from, 'token');
  return client(lab.place(from), [from], { what: 'profile', account, userId });
};

export const delegation: Scenario = {
  name: 'delegation',
  what: 'users named after another domain, which serves what the report said; servers are found by well-known files',
  servers: ['alpha', 'beta', 'gamma'],
  after: ['spoiled'],
  async run(lab, tell) {
    const [alpha, beta, gamma] = await Promise.all([
      lab.server('alpha'),
      lab.server('beta'),
      lab.server('gamma'),
    ]);
    const user = `@alice:${gamma.serverName}`;
    tell(
      await timed('without the files no one finds the server', async () => {
        const [verdict] = await finds(lab, beta, user);
        // The error must come from beta: an error because beta itself was not found would prove nothing.
        const answered = /^[45]\d\d MatrixError/.test(verdict?.seen ?? '');
        const name = `${beta.serverName} does not find ${user}`;
        return [
          holds(name, verdict?.ok === false && answered, verdict?.seen ?? '', 'an answer with an error'),
        ];
      }),
    );
    tell(
      await timed('the report', async () => {
        const answers = answersOf(gamma.report, gamma.serverName);
        await serve(lab, gamma.serverName, 20, answers);
        const paths = Object.keys(answers).sort().join(' ');
        return [is('files to serve', paths, '/.well-known/matrix/client /.well-known/matrix/server')];
      }),
    );
    await judgeHealthy(lab, gamma, tell);
    tell(await timed('gamma.test reaches alpha.test', () => federate(lab, alpha, gamma)));
    tell(await timed('alpha.test reaches gamma.test', () => federate(lab, gamma, alpha)));
    tell(
      await timed('the ports between the servers', async () => [
        await cameBy(gamma, alpha, 443, 'as the well-known file of alpha.test says'),
        await cameBy(alpha, gamma, 443, 'as the well-known file of gamma.test says'),
      ]),
    );
  },
};
