/** EC2 as a kind of machine. Whoever imports this module loads the AWS SDK. */
import { type Backend, textFlag } from '../backend';
import { launchEc2 } from './launch';
import { commonFlags, ec2Options } from './options';

export const backend: Backend = {
  plug(flags, _document, { minutes, confirm, announce }) {
    const { options, diagnostics } = ec2Options({
      ...commonFlags(flags),
      keyPair: textFlag(flags, 'key-pair'),
      spot: flags.spot === true,
      open: flags.open === true,
      deadMan: flags['no-dead-man'] !== true,
      timeLimit: minutes,
    });
    if (diagnostics.length > 0) return { launch: undefined, diagnostics };
    const launch = launchEc2(options, {
      ...(confirm ? { confirm: () => confirm('Start it?') } : {}),
      announce: (run) => announce(run.sweepCommand),
    });
    return { launch, diagnostics };
  },
};
