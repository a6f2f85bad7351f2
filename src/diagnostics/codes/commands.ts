import type { Explanations } from './explanation';

/** Commands: runcmd, bootcmd and the scripts of a document (cloud-init's util.shellify, cc_runcmd.py). */
export const COMMANDS = {
  'command-word': {
    finds: 'A word of a command is a list or a mapping.',
    why: "util.shellify prints it as Python does, so the command gets a word such as ['a'].",
    fix: 'Write one word per list item, and put a word that contains a colon in quotes.',
  },
  'command-operator': {
    finds: 'A command that is a list contains an operator of the shell, such as | or &&.',
    why: 'util.shellify quotes every word of a list, so the operator reaches the command as an argument.',
    fix: "Write the command as text, such as `- 'ls | wc -l'`.",
  },
  'command-expansion': {
    finds: 'A command that is a list contains a variable, a ~ or a pattern.',
    why: 'util.shellify quotes every word of a list, so the shell expands nothing: the command gets $HOME itself.',
    fix: 'Write the command as text, such as `- ls "$HOME"`.',
  },
  'runcmd-no-set-e': {
    finds: 'The commands of runcmd go on when one of them fails.',
    why: 'cloud-init joins them into one sh script. Only the exit code of the last command decides whether the boot counts as failed.',
    fix: 'Make `set -e` the first item, or run one script that stops on failure.',
  },
  'cloud-init-wait': {
    finds: 'A command waits for the end of cloud-init while cloud-init runs it.',
    why: 'Each waits for the other. cloud-final.service has no time limit, so the boot never ends.',
    fix: 'Remove `cloud-init status --wait`. Packages and files are there when runcmd runs.',
  },
  bashism: {
    finds: 'A script for sh uses something that only bash has, such as [[ ]] or pipefail.',
    why: 'sh is dash on Debian and Ubuntu: it stops there, or does something else. cloud-init runs runcmd and bootcmd with sh.',
    fix: 'Put the commands in a script that begins with #!/bin/bash, and run it from runcmd.',
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
