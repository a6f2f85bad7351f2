import type { Explanations } from './explanation';

/** Commands: runcmd, bootcmd and the scripts of a document (cloud-init's util.shellify, cc_runcmd.py). */
export const COMMANDS = {
  'command-word': {
    finds: 'A word of a command is a list or a mapping, or its first word is a whole command.',
    why: "util.shellify prints a list as Python does, so the command gets a word such as ['a']. It quotes every word, so the shell looks for a program named 'ls -l'.",
    fix: 'Write one word per list item, and put a word that contains a colon in quotes.',
    example: { faulty: 'runcmd:\n- [echo, [a]]\n', fixed: 'runcmd:\n- [echo, a]\n' },
  },
  'command-operator': {
    finds: 'A command that is a list contains an operator of the shell, such as | or &&.',
    why: 'util.shellify quotes every word of a list, so the operator reaches the command as an argument.',
    fix: "Write the command as text, such as `- 'ls | wc -l'`.",
    example: { faulty: "runcmd:\n- [ls, '|', wc]\n", fixed: 'runcmd:\n- ls | wc\n' },
  },
  'command-expansion': {
    finds: 'A command that is a list contains a variable, a ~ or a pattern.',
    why: 'util.shellify quotes every word of a list, so the shell expands nothing: the command gets $HOME itself.',
    fix: 'Write the command as text, such as `- ls "$HOME"`.',
    example: { faulty: 'runcmd:\n- [ls, $PWD]\n', fixed: 'runcmd:\n- ls "$PWD"\n' },
  },
  'runcmd-no-set-e': {
    finds: 'The commands of runcmd go on when one of them fails.',
    why: 'cloud-init joins them into one sh script. Only the exit code of the last command decides whether the boot counts as failed.',
    fix: 'Make `set -e` the first item, or run one script that stops on failure.',
    example: {
      faulty: 'runcmd:\n- ls /data\n- systemctl restart nginx\n',
      fixed: 'runcmd:\n- set -e\n- ls /data\n- systemctl restart nginx\n',
    },
  },
  'cloud-init-wait': {
    finds: 'A command waits for the end of cloud-init while cloud-init runs it.',
    why: 'Each waits for the other. cloud-final.service has no time limit, so the boot never ends.',
    fix: 'Remove `cloud-init status --wait`. Packages and files are there when runcmd runs.',
    example: {
      faulty: 'runcmd:\n- cloud-init status --wait\n',
      fixed: 'runcmd:\n- systemctl restart nginx\n',
    },
  },
  bashism: {
    finds: 'A script for sh uses something that only bash has, such as [[ ]] or pipefail.',
    why: 'sh is dash on Debian and Ubuntu: it stops there, or does something else. cloud-init runs runcmd and bootcmd with sh.',
    fix: 'Put the commands in a script that begins with #!/bin/bash, and run it from runcmd.',
    example: { faulty: 'runcmd:\n- source /etc/os-release\n', fixed: 'runcmd:\n- . /etc/os-release\n' },
  },
  'command-asks': {
    finds: 'A command that asks a question runs without the option that answers it.',
    why: 'No one answers at boot. apt-get reads the end of its input, prints "Abort." and installs nothing.',
    fix: 'Add -y, such as `apt-get install -y nginx`, or use the key packages.',
    example: { faulty: 'runcmd:\n- apt-get install nginx\n', fixed: 'runcmd:\n- apt-get install -y nginx\n' },
  },
  'home-unset': {
    finds: 'A command uses $HOME or ~, which cloud-init does not set.',
    why: 'systemd starts cloud-init without HOME. $HOME is empty, ~ stays as it is, and `set -u` ends the script.',
    fix: 'Write the path itself, or make `export HOME=/root` the first command.',
    example: {
      faulty: 'runcmd:\n- set -eu\n- git clone https://git.example.org/x "$HOME/x"\n',
      fixed: 'runcmd:\n- set -eu\n- git clone https://git.example.org/x /root/x\n',
    },
  },
  'command-reboots': {
    finds: 'A command of runcmd reboots the server or turns it off.',
    why: 'cloud-init runs at that moment. Its last steps are lost, and the boot never counts as done.',
    fix: 'Use `power_state: {mode: reboot}`, which waits for the end of cloud-init.',
    example: { faulty: 'runcmd:\n- reboot\n', fixed: 'power_state: {mode: reboot}\n' },
  },
  'script-not-executable': {
    finds: 'A command runs a file of write_files by its path, and the file is not executable.',
    why: 'Without permissions a file gets the mode 0644. The shell prints "Permission denied" and runs nothing.',
    fix: "Add `permissions: '0755'` to the file.",
    example: {
      faulty:
        'write_files:\n- path: /usr/local/bin/go\n  content: |\n    #!/bin/sh\n    ls\nruncmd:\n- /usr/local/bin/go\n',
      fixed:
        "write_files:\n- path: /usr/local/bin/go\n  permissions: '0755'\n  content: |\n    #!/bin/sh\n    ls\nruncmd:\n- /usr/local/bin/go\n",
    },
  },
  'commands-unchecked': {
    finds: 'YAML aliases repeat the commands so often that `check` leaves some of them out.',
    why: 'Mistakes in these commands stay unseen until the first boot.',
    fix: 'Write the long text once, as a script in write_files, and run it from runcmd.',
  },
  'shell-syntax': {
    finds: '`sh -n` or `bash -n` on this computer refuses a script of the document.',
    why: 'The shell stops at this line on the server, and may have run the commands above it.',
    fix: 'Correct the line, and run `gen-cloudinit check FILE` again.',
  },
  'shell-syntax-unchecked': {
    finds: 'The shell of a script is not installed on this computer.',
    why: '`check` cannot find syntax errors in the script; the first boot would.',
    fix: 'Install the shell, such as with `apt install bash`, and run `gen-cloudinit check FILE` again.',
  },
} as const satisfies Explanations;
