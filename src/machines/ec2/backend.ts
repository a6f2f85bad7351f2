/** EC2 as a kind of machine. Whoever imports this module loads the AWS SDK. */
import { type Backend, numberFlag, textFlag } from '../backend';
import { launchEc2 } from './launch';
import { ec2Options, releaseNamed } from './options';

export const backend: Backend = {
  plug(flags, _document, { minutes, confirm, announce }) {
    const { options, diagnostics } = ec2Options({
      region: textFlag(flags, 'region'),
      profile: textFlag(flags, 'profile'),
      instanceType: textFlag(flags, 'instance-type'),
      release: releaseNamed(textFlag(flags, 'release')),
      image: textFlag(flags, 'image'),
      disk: numberFlag(flags, 'disk'),
      subnet: textFlag(flags, 'subnet'),
      keyPair: textFlag(flags, 'key-pair'),
      spot: flags.spot === true,
      open: flags.open === true,
      deadMan: flags['no-dead-man'] !== true,
      timeLimit: minutes,
      yes: flags.yes === true,
    });
    if (diagnostics.length > 0) {
      const named = (path: string) => (path === 'max-minutes' ? 'time-limit' : path);
      return {
        launch: undefined,
        diagnostics: diagnostics.map((each) => ({ ...each, path: named(each.path) })),
      };
    }
    const launch = launchEc2(options, {
      ...(confirm ? { confirm: () => confirm('Start it?') } : {}),
      announce: (run) => announce(run.sweepCommand),
    });
    return { launch, diagnostics };
  },
};
