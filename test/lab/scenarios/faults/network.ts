// The network goes away, or leads to the wrong place.
import { join } from 'node:path';
import { cloudInit, units } from '../../judges/inside';
import type { Lab } from '../../lab';
import { pause } from '../../machines/run';
import { sh } from '../../server';
import { Vantage } from '../../vantage';
import { holds, type Verdict } from '../../verdict';
import { startService } from '../../world/process';
import type { Fault } from './fault';
import { inPhase, running, type Stage } from './stage';

/** Shortens the script's retries from half an hour to a minute; the script has not run yet. */
async function shortenRetries(stage: Stage): Promise<void> {
  await stage.when('[ -x /usr/local/sbin/matrix* ]');
  await sh(stage, 'grep -q 1800 /usr/local/sbin/matrix* && sed -i s/1800/60/ /usr/local/sbin/matrix*');
}

/** A web server that serves no domain. @returns its IPv6 address */
async function stranger(lab: Lab): Promise<string> {
  const place = await Vantage.open(lab.world, lab.options.registry, 'stranger', 34);
  const program = `require('http').createServer((_, answer) => answer.end('another server')).listen(80, '${place.address6}')`;
  const argv = place.command([process.execPath, '-e', program]);
  const service = startService('stranger', argv, { log: join(lab.world.logs, 'stranger.log') });
  lab.atEnd(() => service.stop());
  return place.address6;
}

/** Waits for a certificate that arrives without help, counted from now. */
async function https({ lab, spec }: Stage): Promise<readonly Verdict[]> {
  const begin = performance.now();
  let error = '';
  for (; performance.now() - begin < 300_000 * lab.patience; await pause(2000)) {
    ({ error } = await lab.outside.fetch(`https://${spec.domain}/`));
    if (error === '') break;
  }
  const seconds = ((performance.now() - begin) / 1000).toFixed(0);
  return [holds('HTTPS', error === '', `${error || 'verified'} after ${seconds} s`, 'within 300 s')];
}

export const networkFaults: readonly Fault[] = [
  {
    name: 'fault-network-pull',
    fault: 'network cut for 20 s',
    moment: 'while images are pulled',
    expected: 'the pull continues or is retried; a healthy server in the same boot',
    seen: 'as expected: the pull continues when the network is back, without a message; ready after 59 s',
    few: true,
    async inject(stage) {
      await stage.asked('registry', /\/blobs\//);
      await stage.machine.network.cut();
      await pause(20_000);
      await stage.machine.network.restore();
    },
  },
  {
    name: 'fault-network-long',
    fault: 'network cut for longer than downloads are retried (the half hour is shortened to a minute)',
    moment: 'when Docker is about to be installed',
    expected:
      'the console reports a dead network; the boot ends as failed; when the network is back, the timer finishes it',
    seen: 'as expected, 177 s after the network was back',
    async inject(stage) {
      await shortenRetries(stage);
      await stage.when(inPhase('installing'));
      await stage.machine.network.cut();
    },
    reason: /failed: installing Docker: no answer, is the network up\?/,
    stops: true,
    mend: ({ machine }) => machine.network.restore(),
    limit: 800,
    without: [cloudInit, units],
  },
  {
    name: 'fault-dns-wrong',
    fault: "the domain's address is another machine's",
    moment: 'at the first order of the certificate; corrected later',
    expected:
      'the console reports which record is wrong; HTTPS automatically within 5 minutes after its correction',
    seen: 'as expected, HTTPS about 3 minutes after the record was right',
    few: true,
    before: ({ lab, spec }) => lab.world.dns.set(spec.domain, { a: ['10.91.0.250'] }),
    inject: (stage) => stage.when(running('nginx/compose.yml')),
    reason: /gen-cloudinit: .*10\.91\.0\.250/,
    mend: ({ lab, spec, machine: { address, address6 = '' } }) =>
      lab.world.dns.set(spec.domain, { a: [address], aaaa: [address6] }),
    judge: https,
  },
  {
    name: 'fault-dns-aaaa',
    fault: "the domain's AAAA record is another web server's, its A record is right",
    moment: 'at the first order of the certificate; corrected later',
    expected: 'the console reports which record is wrong; nothing is ordered before it is right, then once',
    seen: 'as expected, HTTPS 207 s after the record was right, one order',
    async before({ lab, spec, machine }) {
      await lab.world.dns.set(spec.domain, { a: [machine.address], aaaa: [await stranger(lab)] });
    },
    inject: (stage) => stage.when(running('nginx/compose.yml')),
    reason: /gen-cloudinit: no valid certificate: AAAA \[fd91::34\] is another server/,
    mend: ({ lab, spec, machine: { address, address6 = '' } }) =>
      lab.world.dns.set(spec.domain, { a: [address], aaaa: [address6] }),
    async judge(stage) {
      const verdicts = await https(stage);
      const orders = (await sh(stage, `journalctl -b -o cat | grep -c 'docker kill -s HUP' || :`)).trim();
      return [...verdicts, holds('requested orders', orders === '1', orders, '1')];
    },
  },
];
