import type { Explanations } from './explanation';

/** Users, groups, SSH keys and passwords (cloud-init's cc_users_groups.py, cc_set_passwords.py). */
export const ACCOUNTS = {
  'users-no-default': {
    finds: 'The list of users lacks the entry `default`.',
    why: "ug_util.py then does not make the image's own user, such as ubuntu. The keys that you gave the provider open no account.",
    fix: 'Make `- default` the first item, or leave it out on purpose and give your own user an SSH key.',
    example: { faulty: 'users:\n- name: alice\n', fixed: 'users:\n- default\n- name: alice\n' },
  },
  'user-no-login': {
    finds: 'A user has neither an SSH key nor a password.',
    why: 'cloud-init makes the account and locks its password. No one can log in as this user.',
    fix: 'Add ssh_authorized_keys. For an account of a service, add `system: true`.',
    example: {
      faulty: 'users:\n- default\n- name: alice\n',
      fixed:
        'users:\n- default\n- name: alice\n  ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample alice]\n',
    },
  },
  'user-no-home': {
    finds: 'A user has SSH keys and no home directory.',
    why: 'useradd makes no home directory for a system user. sshd looks for the keys in it, and the login may fail.',
    fix: 'Remove `system: true` or `no_create_home: true`, or remove the keys.',
    example: {
      faulty:
        'users:\n- default\n- name: backup2\n  system: true\n  ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample alice]\n',
      fixed:
        'users:\n- default\n- name: backup2\n  ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample alice]\n',
    },
  },
  'sudo-rule': {
    finds: 'The value of sudo is true or one word, not a rule.',
    why: 'cloud-init writes it to /etc/sudoers.d as it stands or fails. With a broken file sudo refuses every user.',
    fix: "Write `sudo: 'ALL=(ALL) NOPASSWD:ALL'`.",
    example: {
      faulty: 'user: {name: alice, sudo: true}\n',
      fixed: "user: {name: alice, sudo: 'ALL=(ALL) NOPASSWD:ALL'}\n",
    },
  },
  'groups-blank': {
    finds: 'The names of groups are separated by spaces.',
    why: 'cloud-init separates them at commas. useradd refuses a name with a space, and the user is not made.',
    fix: 'Write a list, such as `groups: [adm, sudo]`.',
    example: {
      faulty: 'user: {name: alice, groups: adm sudo}\n',
      fixed: 'user: {name: alice, groups: [adm, sudo]}\n',
    },
  },
  'ssh-key-import': {
    finds: 'An entry of ssh_authorized_keys names an account at GitHub or Launchpad.',
    why: 'cloud-init copies the line to authorized_keys as it stands, and sshd ignores it. No one can log in.',
    fix: 'Write `ssh_import_id: [gh:NAME]`.',
    example: { faulty: "ssh_authorized_keys: ['gh:alice']\n", fixed: "ssh_import_id: ['gh:alice']\n" },
  },
  'ssh-key-format': {
    finds: 'An entry of ssh_authorized_keys is not a public key.',
    why: 'sshd ignores the line, so the login that it should open fails.',
    fix: 'Copy the whole line of the file that ends in .pub.',
    example: {
      faulty: 'ssh_authorized_keys: [AAAAC3NzaC1lZDI1NTE5AAAAIExample]\n',
      fixed: 'ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample alice]\n',
    },
  },
  'password-not-hashed': {
    finds: 'A password in plain text stands where cloud-init expects a hash.',
    why: 'cloud-init writes it to /etc/shadow as a hash, so no password fits. `chpasswd -e` may refuse it, and the module fails.',
    fix: 'Use plain_text_passwd or `type: text`, or make a hash with `openssl passwd -6`.',
    example: {
      faulty: 'chpasswd:\n  users:\n  - {name: alice, password: correcthorse}\n',
      fixed: 'chpasswd:\n  users:\n  - {name: alice, password: correcthorse, type: text}\n',
    },
  },
  'password-hash-as-text': {
    finds: 'A hash stands where cloud-init expects a password in plain text.',
    why: 'The hash itself becomes the password. In chpasswd.list and password, cloud-init takes yescrypt ($y$) for plain text too.',
    fix: 'Use hashed_passwd or `type: hash`.',
    example: {
      faulty: 'chpasswd:\n  users:\n  - {name: alice, password: $6$salt$hash, type: text}\n',
      fixed: 'chpasswd:\n  users:\n  - {name: alice, password: $6$saltsalt$hashhash, type: hash}\n',
    },
  },
  'password-locked': {
    finds: 'A user has a password, and lock_passwd is true.',
    why: 'lock_passwd is true unless the document sets it. cloud-init sets the password, and then locks it.',
    fix: 'Add `lock_passwd: false`, or leave the password out.',
    example: {
      faulty: 'user: {name: alice, plain_text_passwd: correcthorse}\n',
      fixed: 'user: {name: alice, plain_text_passwd: correcthorse, lock_passwd: false}\n',
    },
  },
  'password-missing': {
    finds: 'lock_passwd is false, and the user has no password.',
    why: 'cloud-init unlocks no account without a password: it logs a warning, and the account stays locked.',
    fix: 'Add hashed_passwd, or remove lock_passwd.',
    example: { faulty: 'user: {name: alice, lock_passwd: false}\n', fixed: 'user: {name: alice}\n' },
  },
} as const satisfies Explanations;
