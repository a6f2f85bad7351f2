import { InputError } from '../system/input';
import { defineCommand } from './command';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Each asks the command itself, which prints one word per line; without one the shell completes file names. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_gen_cloudinit() {
  local current=\${COMP_WORDS[COMP_CWORD]}
  mapfile -t COMPREPLY < <(gen-cloudinit --complete "\${COMP_WORDS[@]:1:COMP_CWORD-1}" "$current" 2>/dev/null)
}
complete -o bashdefault -o default -F _gen_cloudinit gen-cloudinit`,
  zsh: `#compdef gen-cloudinit
_gen_cloudinit() {
  local -a found
  found=("\${(@f)$(gen-cloudinit --complete "\${(@)words[2,CURRENT-1]}" "\${words[CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found[1]" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
compdef _gen_cloudinit gen-cloudinit`,
  fish: `function __gen_cloudinit
  set -l words (commandline -opc)
  gen-cloudinit --complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c gen-cloudinit -a '(__gen_cloudinit)'`,
};

export const completionCommand = defineCommand({
  words: {
    shell: { type: 'string', help: 'the shell', defaultText: 'that of $SHELL', choices: SHELLS },
  },
  flags: {},
  examples: [
    ['$0 completion >> ~/.bashrc', ''],
    ['$0 completion fish > ~/.config/fish/completions/gen-cloudinit.fish', ''],
  ],
  async run({ flags }, { shell: own }) {
    const shell = flags.shell ?? SHELLS.find((name) => name === own);
    if (!shell)
      throw new InputError(
        'missing-argument',
        `the shell is not known here; name it: gen-cloudinit completion ${SHELLS.join('|')}`,
      );
    return { status: 'ok', product: { data: { shell, script: SCRIPTS[shell] }, text: SCRIPTS[shell] } };
  },
});
