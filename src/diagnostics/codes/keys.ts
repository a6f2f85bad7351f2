import type { Explanations } from './explanation';

/** Keys, types and values of a cloud-config, compared with cloud-init's schema. */
export const KEYS = {
  'unknown-key': {
    finds: "cloud-init's schema does not have the key at this place.",
    why: 'cloud-init ignores the key, so the setting has no effect. From version 23.4 on the boot also counts as degraded.',
    fix: 'Correct the spelling, or remove the key.',
    example: { faulty: 'pacakges: [git]\n', fixed: 'packages: [git]\n' },
  },
  'deprecated-key': {
    finds: 'cloud-init has deprecated the key.',
    why: 'The key still works, but cloud-init logs it. From version 23.4 on `cloud-init status` then ends with exit code 2.',
    fix: 'Use the key that the hint names.',
    example: { faulty: 'apt_upgrade: true\n', fixed: 'package_upgrade: true\n' },
  },
  'empty-key': {
    finds: 'A key has no value.',
    why: "The value is null, which cloud-init's schema refuses. A module may fail on it: an empty runcmd does.",
    fix: 'Remove the key, or give it a value.',
    example: { faulty: 'runcmd:\n', fixed: 'runcmd: [ls]\n' },
  },
  type: {
    finds: "A value has another type than cloud-init's schema wants.",
    why: 'cloud-init converts some values and reports a fault. Others fail: for one number in runcmd, util.shellify writes none of its commands.',
    fix: "Put text in quotes, such as 'echo done: yes'. Write true, false and numbers without quotes.",
    example: { faulty: 'packages: git curl\n', fixed: 'packages: [git, curl]\n' },
  },
  value: {
    finds: 'A setting has a value that cloud-init does not know.',
    why: 'The module does nothing: for an unknown power_state.mode, cc_power_state_change.py logs a warning and changes no power state.',
    fix: 'Use one of the values in the line "expected".',
    example: { faulty: 'power_state: {mode: restart}\n', fixed: 'power_state: {mode: reboot}\n' },
  },
  'key-missing': {
    finds: 'A key that cloud-init needs is missing.',
    why: 'The module skips the entry or fails: a user without a name is not made.',
    fix: 'Add the key that the message names.',
    example: { faulty: 'power_state: {delay: 5}\n', fixed: 'power_state: {delay: 5, mode: reboot}\n' },
  },
  'key-conflict': {
    finds: 'Two keys exclude each other.',
    why: 'cloud-init uses one of them and reports a fault, or the module fails.',
    fix: 'Keep one of the keys.',
    example: { faulty: 'user: {name: alice, snapuser: alice@example.org}\n', fixed: 'user: {name: alice}\n' },
  },
  'key-too-new': {
    finds: 'The cloud-init of the target is older than the key.',
    why: 'That release ignores the key or reports a fault, so the setting has no effect.',
    fix: 'Do the same in runcmd, or choose a newer image.',
  },
  'list-items': {
    finds: "A list has more or fewer items than cloud-init's schema allows, or the same one twice.",
    why: 'cloud-init reports a fault, and the module may skip the entry.',
    fix: 'Correct the number of items.',
    example: {
      faulty: 'mounts:\n- [vdb, /data, ext4, defaults, "0", "2", "3"]\n',
      fixed: 'mounts:\n- [vdb, /data, ext4, defaults, "0", "2"]\n',
    },
  },
  'cloud-init-schema': {
    finds:
      'The cloud-init on this computer finds a fault with `cloud-init schema`, or cannot check the document.',
    why: 'cloud-init logs the same fault at boot. From version 23.4 on the boot then counts as degraded.',
    fix: 'Correct the key that the message names. If jsonschema is missing, run `apt install python3-jsonschema`.',
  },
} as const satisfies Explanations;
