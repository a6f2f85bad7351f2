import type { Explanations } from './explanation';

/** Parts of user data: MIME messages, archives, templates and includes (cloud-init's user_data.py and handlers). */
export const PARTS = {
  'mime-headers': {
    finds: 'The headers of a MIME message are not complete, or its boundary does not occur.',
    why: 'cloud-init then finds no part of a type that it handles. It logs "Unhandled unknown content-type" and ignores the text.',
    fix: 'Begin with `MIME-Version: 1.0` and `Content-Type: multipart/mixed; boundary="B"`, without an empty line between the two.',
  },
  'mime-non-ascii': {
    finds: 'A part of a MIME message has characters that are not ASCII, and no transfer encoding.',
    why: "Python's email package turns these characters into other bytes. The YAML reader refuses some of them, and files get wrong text from the others.",
    fix: 'Encode the part with `base64 FILE`, and write `Content-Transfer-Encoding: base64` in its headers.',
  },
  'part-decode': {
    finds: 'The base64 or gzip of a part does not decode.',
    why: 'cloud-init stops at gzip that does not unpack, and gets damaged text from wrong base64.',
    fix: 'Encode the part again: `gzip -9 < FILE | base64`.',
  },
  'part-ignored': {
    finds: 'A part has a type that cloud-init does not handle.',
    why: 'cloud-init logs "Unhandled unknown content-type" and ignores the part. The machine boots without it.',
    fix: 'Write a type such as text/cloud-config or text/x-shellscript, or begin the text with #cloud-config or #!/bin/sh.',
    example: {
      faulty: "#cloud-config-archive\n- {type: text/cloudconfig, content: 'packages: [git]'}\n",
      fixed: "#cloud-config-archive\n- {type: text/cloud-config, content: 'packages: [git]'}\n",
    },
  },
  'part-replaces': {
    finds: 'A later cloud-config sets a key that an earlier one sets, and replaces its list or mapping.',
    why: 'cloud-init merges parts with dict(replace)+list()+str() unless a part says otherwise: of two runcmd lists only the last one runs.',
    fix: 'Write `merge_how: list(append)+dict(no_replace,recurse_list)+str()` in the later part, or write one list.',
    example: {
      faulty: "#cloud-config-archive\n- 'packages: [git]'\n- 'packages: [curl]'\n",
      fixed: "#cloud-config-archive\n- 'packages: [git, curl]'\n",
    },
  },
  'merge-how': {
    finds: 'A part asks for a way of merging that cloud-init does not know.',
    why: 'cloud-init raises an error while it merges the part, and ignores the part.',
    fix: 'Write `merge_how: list(append)+dict(no_replace,recurse_list)+str()`, or remove the line.',
    example: {
      faulty: '#cloud-config\npackages: [git]\nmerge_how: append\n',
      fixed: '#cloud-config\npackages: [git]\n',
    },
  },
  'archive-entry': {
    finds: 'An archive is not a list, or one of its entries is not a part.',
    why: 'cloud-init skips an entry of another kind. It stops with an error at content that is not text.',
    fix: 'Write `- type: text/cloud-config` and below it `content: |` with the text of the part.',
    example: {
      faulty: "#cloud-config-archive\ntype: text/cloud-config\ncontent: 'packages: [git]'\n",
      fixed: "#cloud-config-archive\n- type: text/cloud-config\n  content: 'packages: [git]'\n",
    },
  },
  'include-not-fetched': {
    finds: 'The user data includes an address.',
    why: 'cloud-init fetches the address at boot and works with what it gets. `check` does not fetch it.',
    fix: 'Run `curl -fsS URL | gen-cloudinit check -` to check what the address delivers.',
    example: {
      faulty: '#include\nhttps://www.example.org/user-data\n',
      fixed: '#cloud-config\npackages: [git]\n',
    },
  },
  'jinja-syntax': {
    finds: 'A Jinja template has a syntax error.',
    why: 'cloud-init logs "Failed to render template" and ignores the whole template. The machine boots without it.',
    fix: 'Close the expression or block that the message names.',
    example: {
      faulty: "## template: jinja\n#cloud-config\nfinal_message: '{{ v1.region'\n",
      fixed: "## template: jinja\n#cloud-config\nfinal_message: '{{ v1.region }}'\n",
    },
  },
  'script-shebang': {
    finds: 'A script that cloud-init runs does not begin with #!.',
    why: 'cloud-init starts the file as a program. The kernel refuses it with "Exec format error", and the script does not run.',
    fix: 'Make `#!/bin/sh` the first line.',
    example: {
      faulty: '#cloud-boothook\nswapoff -a\n',
      fixed: '#cloud-boothook\n#!/bin/sh\nswapoff -a\n',
    },
  },
} as const satisfies Explanations;
