import type { Explanations } from './explanation';

/** YAML: how cloud-init's reader, PyYAML, takes the text. */
export const YAML = {
  'yaml-syntax': {
    finds: 'The document is not valid YAML.',
    why: 'cloud-init logs "Failed loading yaml blob" and drops the document. The machine boots without any of it.',
    fix: 'Correct the line that the message shows. Indent with spaces.',
    example: { faulty: 'packages: [git\nhostname: matrix\n', fixed: 'packages: [git]\nhostname: matrix\n' },
  },
  'yaml-tab': {
    finds: 'A tab stands outside quotes, comments and block text.',
    why: "PyYAML, cloud-init's reader, refuses the tab even where other readers accept it. cloud-init then drops the document.",
    fix: 'Write spaces, or put a value that needs the tab in double quotes.',
    example: { faulty: 'hostname:\tmatrix\n', fixed: 'hostname: matrix\n' },
  },
  'yaml-flow': {
    finds: 'Unquoted text inside [ ] or { } contains a question mark or begins with a colon.',
    why: 'PyYAML takes both for syntax there, and cloud-init drops the document. YAML 1.2 readers accept them.',
    fix: 'Put the text in quotes, such as ["a?b"].',
    example: { faulty: 'packages: [a?b]\n', fixed: 'packages: ["a?b"]\n' },
  },
  'yaml-anchor': {
    finds: 'The name of an anchor holds other characters than letters, digits, _ and -.',
    why: 'PyYAML refuses the name, and cloud-init drops the document.',
    fix: 'Rename the anchor and its aliases, such as &name and *name.',
    example: { faulty: 'packages: &a.b [git]\n', fixed: 'packages: &ab [git]\n' },
  },
  'yaml-key': {
    finds: 'A key is missing before its colon, or a list or mapping stands in its place.',
    why: 'PyYAML refuses such a key, and cloud-init drops the document. An unquoted {{ name }} is a mapping to YAML.',
    fix: 'Write the key. Put a placeholder in quotes, such as "{{ name }}".',
    example: { faulty: 'hostname: {{ name }}\n', fixed: 'hostname: matrix\n' },
  },
  'yaml-duplicate-key': {
    finds: 'A mapping holds the same key twice.',
    why: 'PyYAML keeps the last value without a message; everything below the first key is lost. `cloud-init schema` calls the document valid.',
    fix: 'Join both values under one key, such as one write_files list.',
    example: { faulty: 'runcmd: [ls]\nruncmd: [pwd]\n', fixed: 'runcmd: [ls, pwd]\n' },
  },
  'yaml-documents': {
    finds: 'A second YAML document begins inside the text, usually after a line ---.',
    why: 'cloud-init reads one YAML document per part. Its reader refuses a second one, and cloud-init drops both.',
    fix: 'Remove the line --- and join the keys, or send the documents as parts of a MIME message.',
    example: { faulty: 'packages: [git]\n---\npackages: [curl]\n', fixed: 'packages: [git, curl]\n' },
  },
  'yaml-not-a-map': {
    finds: 'The document is empty, or it holds a list or text instead of keys.',
    why: 'cloud-init takes nothing but a mapping at the top level, so it configures nothing.',
    fix: 'Write keys at the top level, such as `packages: [htop]`.',
    example: { faulty: '- git\n', fixed: 'packages: [git]\n' },
  },
  'yaml-tag': {
    finds: "A value carries a tag that PyYAML's safe loader does not know, such as !secret.",
    why: 'The loader refuses the tag, and cloud-init drops the document.',
    fix: 'Remove the tag, or put the value in quotes if the ! belongs to it.',
    example: { faulty: 'hostname: !secret name\n', fixed: 'hostname: name\n' },
  },
  'yaml-binary': {
    finds: 'The text after !!binary is not base64.',
    why: 'PyYAML decodes it while it reads the document, and refuses all of it. The machine boots without any of the document.',
    fix: 'Write the value with `base64 -w0 FILE`, or remove !!binary.',
    example: {
      faulty: 'write_files:\n- path: /etc/a\n  content: !!binary <BASE64>\n',
      fixed: 'write_files:\n- path: /etc/a\n  content: !!binary aGVsbG8K\n',
    },
  },
  'yaml-character': {
    finds: 'The document contains a character that YAML forbids, such as a control character.',
    why: 'PyYAML checks the whole text first, comments included. It refuses the character, and cloud-init drops the document.',
    fix: 'Remove the character, or encode the file that needs it with `encoding: b64`.',
    example: { faulty: 'final_message: "done \x9b"\n', fixed: 'final_message: done\n' },
  },
  'yaml-line-end': {
    finds: 'The document contains U+0085, U+2028 or U+2029.',
    why: 'YAML 1.1 takes these characters for line ends; editors and YAML 1.2 readers do not. cloud-init reads another text than you see.',
    fix: 'Write the character as an escape in double quotes, such as "\\u2028".',
    example: { faulty: 'final_message: "a\u2028b"\n', fixed: 'final_message: "a\\u2028b"\n' },
  },
  'yaml11-refused': {
    finds: 'An unquoted value looks like a number, a date or a special key, but YAML 1.1 cannot read it.',
    why: 'PyYAML refuses values such as 2024-02-30, 0x_ and <<, and cloud-init drops the document.',
    fix: 'Put the value in quotes.',
    example: { faulty: 'final_message: 2024-02-30\n', fixed: 'final_message: "2024-02-30"\n' },
  },
  'yaml11-scalar': {
    finds: 'An unquoted value means something else in YAML 1.1 than in YAML 1.2.',
    why: 'cloud-init reads YAML 1.1: yes becomes true, 22:22 becomes 1342, 0755 becomes 493. Other tools show you another value.',
    fix: 'Put the value in quotes, or write what you mean, such as true.',
    example: { faulty: 'keyboard: {layout: no}\n', fixed: 'keyboard: {layout: "no"}\n' },
  },
  'yaml-surrogate': {
    finds: 'Text in double quotes writes an emoji as two escapes, as JSON does.',
    why: 'PyYAML makes two halves of it, and Python cannot encode them. The module that writes the text fails.',
    fix: 'Write the character itself, or an escape of eight digits, such as "\\U0001F680".',
    example: {
      faulty: 'final_message: "done \\ud83d\\ude80"\n',
      fixed: 'final_message: "done \\U0001F680"\n',
    },
  },
  'item-joined': {
    finds: 'A dash is deeper than the one above it, so two items of a list are one text.',
    why: 'YAML continues the unquoted text of the line above. The package "git - curl" does not exist.',
    fix: 'Put both dashes in the same column.',
    example: { faulty: 'packages:\n- git\n - curl\n', fixed: 'packages:\n- git\n- curl\n' },
  },
  'folded-lines': {
    finds: 'A folded text (>) joins lines that belong on lines of their own.',
    why: 'YAML replaces each line end by a space. A script becomes its own first line and does nothing.',
    fix: 'Write | instead of >.',
    example: {
      faulty: 'write_files:\n- path: /etc/app.conf\n  content: >\n    #!/bin/sh\n    ls\n    pwd\n',
      fixed: 'write_files:\n- path: /etc/app.conf\n  content: |\n    #!/bin/sh\n    ls\n    pwd\n',
    },
  },
} as const satisfies Explanations;
