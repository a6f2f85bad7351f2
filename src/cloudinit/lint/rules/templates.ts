/** What a template leaves behind: nothing fills these in, neither cloud-init nor a shell. */

import { linePlace } from '../../read/scripts';
import type { UserDataDocument } from '../../read/user-data';
import { type ScalarNode, walk } from '../../read/yaml-node';
import { error, type Finding, warning } from '../finding';

/** Variables of cloud-init's instance-data; `ds` and `v1` have keys below them. */
const JINJA =
  /\{\{-?\s*(?:ds|v\d|sys_info|merged_cfg|merged_system_cfg)[.[]|\{\{-?\s*(?:availability_zone|cloud_name|cloud_id|distro|distro_release|distro_version|instance_id|instance_name|kernel_release|local_hostname|machine|platform|public_ssh_keys|python_version|region|subplatform|system_platform|variant)\s*(?:\||-?\}\})|\{%-?\s*(?:if|for|set|else|endif|endfor)\b/;
/** In a file, which may be a template of another program, only what no other program has. */
const JINJA_DATA = /\{\{-?\s*(?:ds\.(?:meta_data|_metadata)|v1\.)\w/;
/** A value that stands for itself: no Go template, which begins with a point. */
const BRACES = /\{\{-?\s*[\w"'][^{}]*\}\}/;
/** Words in angle brackets that people write for a value: `<TOKEN>`, `<your key>`, `<api-token>`. */
const ANGLES =
  /<(?:[A-Z][A-Z0-9]*(?:[ _-][A-Z0-9]+)*|(?:[Yy]our|YOUR|[Mm]y|[Ii]nsert|[Ee]nter|[Rr]eplace|[Pp]ut|PUT|[Aa]dd)[ _-][\w -]{1,40}|(?:[a-z0-9]+[ _-])*(?:key|token|password|passwd|secret|name|username|hostname|id|ip|address|url|host|domain|email))>/;
const TERRAFORM =
  /\$\{(?:var|local|data|module|each|random_\w+|aws_\w+|file|templatefile|base64encode|jsonencode|join|indent)\b[^}]*\}|%\{-?~?\s*(?:if|for|endif|endfor|else)\b/;
const DOLLAR = /\$\{[A-Za-z_][\w.]*\}/;

/** In a command, outside of quotes as far as one line shows. `<in>out` is the shell's own. */
const BARE_ANGLES = new RegExp(`(?<=(?:^|\\n)[^\\n'"<]{0,500})${ANGLES.source}(?![\\w$&])`);

/** Places where a shell, a template of its own or a program reads the text. */
const READ_ELSEWHERE =
  /^(?:runcmd|bootcmd|write_files\[\d+\]\.content|snap\.commands|apt|final_message|ntp\.config|power_state\.condition|chef|puppet|salt_minion|rsyslog|mcollective|lxd|ansible|phone_home|disable_root_opts|autoinstall|landscape|yum_repos|zypper|random_seed\.command|wireguard)\b/;
const IS_COMMAND = /^(?:runcmd|bootcmd)\b/;
const IS_SCRIPT = /^#!/;

export function* templateRules({ root, source, input }: UserDataDocument): Generator<Finding> {
  if (!root || input.kind === 'jinja') return;
  for (const { node, isKey } of walk(root)) {
    if (node.kind !== 'scalar' || isKey) continue;
    for (const { code, pattern, message, hint, isError } of searches(node)) {
      const found = pattern.exec(node.text);
      if (!found) continue;
      const line = node.text.slice(0, found.index).split('\n').length;
      const place = line > 1 || node.block ? linePlace(source, node, line) : node;
      const make = isError ? error : warning;
      yield make(code, place, message, { hint });
      break;
    }
  }
}

interface Search {
  readonly code: 'jinja-no-header' | 'placeholder';
  readonly pattern: RegExp;
  readonly message: string;
  readonly hint: string;
  readonly isError: boolean;
}

function* searches(node: ScalarNode): Generator<Search> {
  const isElsewhere = READ_ELSEWHERE.test(node.path);
  const isCommand = IS_COMMAND.test(node.path);
  const isContent = /^write_files\[\d+\]\.content$/.test(node.path);
  // ntp.config.template is a template of its own.
  if (!node.path.startsWith('ntp.config'))
    yield {
      code: 'jinja-no-header',
      pattern: isContent ? JINJA_DATA : JINJA,
      message: 'cloud-init fills this in only below the header of a template; here it stays as it is.',
      hint: "Make '## template: jinja' the first line, and #cloud-config the second.",
      isError: !isContent,
    };
  const leftover = {
    code: 'placeholder',
    message: 'A placeholder: nothing fills it in, and it stays as it is.',
    hint: 'Write the value.',
  } as const;
  if (!isElsewhere || isCommand) yield { ...leftover, pattern: TERRAFORM, isError: isCommand };
  if (!isElsewhere) {
    for (const pattern of [BRACES, DOLLAR, ANGLES]) yield { ...leftover, pattern, isError: false };
  } else if (isCommand && !IS_SCRIPT.test(node.text)) {
    const message = 'A placeholder: to the shell, < and > mean files, so the command fails.';
    yield { ...leftover, pattern: BARE_ANGLES, message, isError: true };
  }
}
