import type { Explanations } from './explanation';

/** YAML, and the keys and types of a cloud-config. */
export const YAML = {
  'yaml-syntax': {
    finds: 'The document is not valid YAML.',
    why: 'cloud-init logs "Failed loading yaml blob" and drops the document. The machine boots without any of it.',
    fix: 'Correct the line that the message shows. Indent with spaces.',
  },
  'yaml-tab': {
    finds: 'A tab stands outside quotes, comments and block text.',
    why: "PyYAML, cloud-init's reader, refuses the tab even where other readers accept it. cloud-init then drops the document.",
    fix: 'Write spaces, or put a value that needs the tab in double quotes.',
  },
  'yaml-flow': {
    finds: 'Unquoted text inside [ ] or { } contains a question mark or begins with a colon.',
    why: 'PyYAML takes both for syntax there, and cloud-init drops the document. YAML 1.2 readers accept them.',
    fix: 'Put the text in quotes, such as ["a?b"].',
  },
  'yaml-anchor': {
    finds: 'The name of an anchor holds other characters than letters, digits, _ and -.',
    why: 'PyYAML refuses the name, and cloud-init drops the document.',
    fix: 'Rename the anchor and its aliases, such as &name and *name.',
  },
  'yaml-key': {
    finds: 'A key is missing before its colon, or a list or mapping stands in its place.',
    why: 'PyYAML refuses such a key, and cloud-init drops the document. An unquoted {{ name }} is a mapping to YAML.',
    fix: 'Write the key. Put a placeholder in quotes, such as "{{ name }}".',
  },
  'yaml-duplicate-key': {
    finds: 'A mapping holds the same key twice.',
    why: 'PyYAML keeps the last value without a message; everything below the first key is lost. `cloud-init schema` calls the document valid.',
    fix: 'Join both values under one key, such as one write_files list.',
  },
  'yaml-documents': {
    finds: 'A second YAML document begins inside the text, usually after a line ---.',
    why: 'cloud-init reads one YAML document per part. Its reader refuses a second one, and cloud-init drops both.',
    fix: 'Remove the line --- and join the keys, or send the documents as parts of a MIME message.',
  },
  'yaml-not-a-map': {
    finds: 'The document is empty, or it holds a list or text instead of keys.',
    why: 'cloud-init takes nothing but a mapping at the top level, so it configures nothing.',
    fix: 'Write keys at the top level, such as `packages: [htop]`.',
  },
  'yaml-tag': {
    finds: "A value carries a tag that PyYAML's safe loader does not know, such as !secret.",
    why: 'The loader refuses the tag, and cloud-init drops the document.',
    fix: 'Remove the tag, or put the value in quotes if the ! belongs to it.',
  },
  'yaml-binary': {
    finds: 'The text after !!binary is not base64.',
    why: 'PyYAML decodes it while it reads the document, and refuses all of it. The machine boots without any of the document.',
    fix: 'Write the value with `base64 -w0 FILE`, or remove !!binary.',
  },
  'yaml-surrogate': {
    finds: 'An escape in double quotes is half of a character, such as \\ud83d.',
    why: 'JSON writes characters beyond U+FFFF as two such escapes. PyYAML does not join them, and Python cannot write the halves: the module fails, and write_files loses this file and all later ones.',
    fix: 'Write the character itself, or its code as \\U0001f680. In Python, use json.dumps(..., ensure_ascii=False).',
  },
  'yaml-joined-item': {
    finds: 'A list item is indented deeper than the one above, whose text it continues.',
    why: 'YAML joins the two lines: "- git" and a deeper "- curl" are one item, "git - curl".',
    fix: 'Indent the dash like the dash above. Put text that continues on such a line in quotes.',
  },
  'yaml-character': {
    finds: 'The document contains a character that YAML forbids, such as a control character.',
    why: 'PyYAML checks the whole text first, comments included. It refuses the character, and cloud-init drops the document.',
    fix: 'Remove the character, or encode the file that needs it with `encoding: b64`.',
  },
  'yaml-line-end': {
    finds: 'The document contains U+0085, U+2028 or U+2029.',
    why: 'YAML 1.1 takes these characters for line ends; editors and YAML 1.2 readers do not. cloud-init reads another text than you see.',
    fix: 'Write the character as an escape in double quotes, such as "\\u2028".',
  },
  'yaml11-refused': {
    finds: 'An unquoted value looks like a number, a date or a special key, but YAML 1.1 cannot read it.',
    why: 'PyYAML refuses values such as 2024-02-30, 0x_ and <<, and cloud-init drops the document.',
    fix: 'Put the value in quotes.',
  },
  'yaml11-scalar': {
    finds: 'An unquoted value means something else in YAML 1.1 than in YAML 1.2.',
    why: 'cloud-init reads YAML 1.1: yes becomes true, 22:22 becomes 1342, 0755 becomes 493. Other tools show you another value.',
    fix: 'Put the value in quotes, or write what you mean, such as true.',
  },

  // Keys and types.
  'unknown-key': {
    finds: "cloud-init's schema does not have the key at this place.",
    why: 'cloud-init ignores the key, so the setting has no effect. From version 23.4 on the boot also counts as degraded.',
    fix: 'Correct the spelling, or remove the key.',
  },
  'deprecated-key': {
    finds: 'cloud-init has deprecated the key.',
    why: 'The key still works, but cloud-init logs it. From version 23.4 on `cloud-init status` then ends with exit code 2.',
    fix: 'Use the key that the hint names.',
  },
  'empty-key': {
    finds: 'A key has no value.',
    why: "The value is null, which cloud-init's schema refuses. A module may fail on it: an empty runcmd does.",
    fix: 'Remove the key, or give it a value.',
  },
  type: {
    finds: "A value has another type than cloud-init's schema wants.",
    why: 'cloud-init converts some values and reports a fault. Others fail: for one number in runcmd, util.shellify writes none of its commands.',
    fix: "Put text in quotes, such as 'echo done: yes'. Write true, false and numbers without quotes.",
  },
  value: {
    finds: 'A setting has a value that cloud-init does not know.',
    why: 'The module does nothing: for an unknown power_state.mode, cc_power_state_change.py logs a warning and changes no power state.',
    fix: 'Use one of the values in the line "expected".',
  },
  'cloud-init-schema': {
    finds:
      'The cloud-init on this computer finds a fault with `cloud-init schema`, or cannot check the document.',
    why: 'cloud-init logs the same fault at boot. From version 23.4 on the boot then counts as degraded.',
    fix: 'Correct the key that the message names. If jsonschema is missing, run `apt install python3-jsonschema`.',
  },
} as const satisfies Explanations;
