// The machine loses its power, or is restarted, in the middle of its first boot.
import { containersRun, containersRunAgain } from '../../judges/containers';
import { baseDir, containers } from '../../server';
import type { Fault } from './fault';
import { running } from './stage';

const whole = 'the next boot finishes the work; the same healthy server';

export const powerFaults: readonly Fault[] = [
  {
    name: 'fault-power-write',
    fault: 'power cut',
    moment: 'while cloud-init writes the files of the document',
    expected: `${whole}, with every file of the document`,
    seen: 'as expected, 131 s after the power cut',
    async inject(stage) {
      // cloud-init's write_files writes all of them within milliseconds, so it is blocked at one in the middle.
      const held = await stage.hold(`${baseDir}/element-config.json`);
      await stage.when(`[ -s /var/lib/gen-cloudinit/homeserver.yaml ]`);
      await held.release();
      await stage.powerCycle();
    },
  },
  {
    name: 'fault-power-install',
    fault: 'power cut',
    moment: "while dpkg unpacks Docker's packages",
    expected: whole,
    seen: 'as expected, 129 s after the power cut',
    few: true,
    async inject(stage) {
      await stage.when(`[ -e /usr/bin/containerd ] && ${running('dpkg')}`);
      await stage.powerCycle();
    },
  },
  {
    name: 'fault-power-secrets',
    fault: 'power cut',
    moment: 'while the secrets are made',
    expected: `${whole}; the secrets that were there stay, none is half written`,
    seen: 'as expected, 115 s after the power cut',
    async inject(stage) {
      const made = `[ -s ${baseDir}/files/macaroon_secret_key ]`;
      const held = await stage.holdProgram('basenc', made);
      await stage.when(`${made} && ${running('/usr/local/sbin/basenc')}`);
      await held.release();
      await stage.powerCycle();
    },
  },
  {
    name: 'fault-power-pull',
    fault: 'power cut',
    moment: 'while images are pulled',
    expected: whole,
    seen: 'as expected, 111 s after the power cut',
    async inject(stage) {
      await stage.asked('registry', /\/blobs\//);
      await stage.powerCycle();
    },
  },
  {
    name: 'fault-power-launch',
    fault: 'power cut',
    moment: 'once the database has answered, while Synapse starts',
    expected: `${whole}; the database that was there stays`,
    seen: 'as expected, 46 s after the power cut',
    async inject(stage) {
      await stage.when('[ -s /var/lib/gen-cloudinit/database ]');
      await stage.powerCycle();
    },
    keepsDatabase: true,
    without: [containersRun],
    instead: [containersRunAgain],
  },
  {
    name: 'fault-reboot-health',
    fault: 'reboot',
    moment: 'while Synapse makes its tables',
    expected: whole,
    seen: 'as expected, 56 s after the reboot',
    few: true,
    async inject(stage) {
      // Synapse uses many transactions: if it is interrupted between them, the next start finds existing tables.
      await stage.when(
        `docker exec ${containers.db} psql -U synapse -Atc "select to_regclass('public.background_updates')" 2>/dev/null | grep -q .`,
      );
      await stage.machine.reboot(120_000 * stage.lab.patience);
    },
  },
];
