// The document as a user gets it makes a healthy server.
import { inside, outside } from '../judges';
import { judgeImage } from '../judges/image';
import type { Lab } from '../lab';
import type { Scenario } from '../scenario';
import type { Server } from '../server';
import { ask, type Judge, type Judgement } from '../verdict';

/** Asks all judges of a healthy server, those inside and those outside side by side. */
export async function judgeHealthy(
  lab: Lab,
  server: Server,
  tell: (judgement: Judgement) => void,
  without: readonly Judge[] = [],
): Promise<void> {
  const place = lab.place(server);
  const groups = [outside, inside].map((group) =>
    ask(
      group.filter((judge) => !without.includes(judge)),
      place,
    ),
  );
  for (const judgements of await Promise.all(groups)) for (const judgement of judgements) tell(judgement);
}

export const firstBoot: Scenario = {
  name: 'first-boot',
  what: 'the generated document makes a healthy server with a verified certificate',
  servers: ['alpha'],
  async run(lab, tell) {
    const server = await lab.server('alpha');
    await judgeHealthy(lab, server, tell);
    for (const judgement of await judgeImage(lab.options.profile, lab.root, server)) tell(judgement);
  },
};
