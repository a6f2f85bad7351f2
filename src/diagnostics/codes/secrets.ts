import type { Explanations } from './explanation';

/** Secrets in user data. */
export const SECRETS = {
  secret: {
    finds: 'The document contains what looks like a private key, a token or a password.',
    why: 'Every process that reaches the metadata service can read user data, and so can read-only accounts at the provider.',
    fix: 'Make the secret on the server, or fetch it there. Replace one that was already handed over.',
    example: {
      faulty: 'runcmd:\n- login --token glpat-aB3dE6gH9jK2mN5pQ8sT\n',
      fixed: 'runcmd:\n- login --token-file /run/token\n',
    },
  },
  'secret-world-readable': {
    finds: 'A file looks secret by its name or content, but its permissions let every user read it.',
    why: 'Any program on the server can read the secret, whatever account it runs under. Without permissions, cloud-init sets 0644.',
    fix: "Add `permissions: '0600'`.",
    example: {
      faulty: "write_files:\n- path: /root/.ssh/id_ed25519\n  content: ''\n",
      fixed: "write_files:\n- path: /root/.ssh/id_ed25519\n  permissions: '0600'\n  content: ''\n",
    },
  },
  'secret-password': {
    finds: 'The document contains the password of a user, in plain text or as a hash.',
    why: 'A reader of the user data can log in with a plain password, and can try guesses against a hash.',
    fix: 'Use ssh_authorized_keys instead, or let cloud-init make the password with `type: RANDOM` below chpasswd.users.',
    example: {
      faulty: 'password: correcthorse\n',
      fixed: 'ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample alice]\n',
    },
  },
  'secret-in-document': {
    finds: 'The option --db-password stores the password of the database in the document.',
    why: 'Every reader of the document or of the user data sees the password in plain text.',
    fix: 'Remove the option: the server then makes a password of its own.',
  },
} as const satisfies Explanations;
