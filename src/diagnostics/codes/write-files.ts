import type { Explanations } from './explanation';

/** write_files: owners, permissions, paths and content of files (cloud-init's cc_write_files.py). */
export const WRITE_FILES = {
  'owner-numeric': {
    finds: 'The owner of a file is a number, such as 991:991.',
    why: 'cc_write_files.py looks owners up by name, so a number raises an error. cloud-init then writes none of the later files.',
    fix: 'Write `owner: root:root`, and run `chown 991:991 FILE` in runcmd.',
    example: {
      faulty: "write_files:\n- path: /etc/app.conf\n  owner: '991:991'\n",
      fixed: 'write_files:\n- path: /etc/app.conf\n  owner: root:root\n',
    },
  },
  'owner-too-early': {
    finds: 'A file belongs to a user or group that the same document creates.',
    why: 'write_files runs before users_groups. The owner does not exist yet, and cloud-init writes none of the later files.',
    fix: 'Set `defer: true`, which writes the file after users and packages, or run `chown` in runcmd.',
    example: {
      faulty: 'users: [default, {name: alice}]\nwrite_files:\n- path: /etc/app.conf\n  owner: alice\n',
      fixed:
        'users: [default, {name: alice}]\nwrite_files:\n- path: /etc/app.conf\n  owner: alice\n  defer: true\n',
    },
  },
  'owner-unknown': {
    finds: 'A file belongs to a user or group that a fresh Debian or Ubuntu image does not have.',
    why: 'Packages come after write_files. If the image lacks the owner, cloud-init writes none of the later files.',
    fix: 'Set `defer: true`, which writes the file after users and packages, or run `chown` in runcmd.',
    example: {
      faulty: 'write_files:\n- path: /etc/app.conf\n  owner: nginx:nginx\n',
      fixed: 'write_files:\n- path: /etc/app.conf\n  owner: nginx:nginx\n  defer: true\n',
    },
  },
  'permissions-format': {
    finds: 'The permissions are not octal digits, such as u=rw.',
    why: 'decode_perms logs a warning and takes 0644, so every user of the server can read the file.',
    fix: "Write four octal digits in quotes, such as '0600'.",
    example: {
      faulty: 'write_files:\n- path: /etc/app.conf\n  permissions: u=rw\n',
      fixed: "write_files:\n- path: /etc/app.conf\n  permissions: '0600'\n",
    },
  },
  'permissions-number': {
    finds: 'The permissions are a number, without quotes.',
    why: 'cloud-init takes 0644 as meant, but its schema refuses it. It takes 644 as a decimal number and sets the mode 01204.',
    fix: "Put the permissions in quotes, such as '0644'.",
    example: {
      faulty: 'write_files:\n- path: /etc/app.conf\n  permissions: 644\n',
      fixed: "write_files:\n- path: /etc/app.conf\n  permissions: '0644'\n",
    },
  },
  'permissions-range': {
    finds: 'The permissions have more than four octal digits, or they are negative.',
    why: 'The kernel drops all bits beyond 07777, so the file gets another mode than the document says.',
    fix: "Write four octal digits in quotes, such as '0644'.",
    example: {
      faulty: "write_files:\n- path: /etc/app.conf\n  permissions: '010644'\n",
      fixed: "write_files:\n- path: /etc/app.conf\n  permissions: '0644'\n",
    },
  },
  'permissions-special': {
    finds: 'The permissions set the set-user-id or set-group-id bit.',
    why: 'cloud-init before 25.3 changes the owner after the mode, and that clears both bits (cloud-init issue 6225).',
    fix: 'Set the bits in runcmd, such as `chmod 4755 FILE`.',
    example: {
      faulty: "write_files:\n- path: /etc/app.conf\n  permissions: '4755'\n",
      fixed: "write_files:\n- path: /etc/app.conf\n  permissions: '0755'\n",
    },
  },
  'path-missing': {
    finds: 'An entry of write_files does not have a path.',
    why: 'cc_write_files.py logs a warning and skips the entry; its content reaches no file.',
    fix: 'Add `path:` with the absolute path of the file.',
    example: {
      faulty: 'write_files:\n- content: a\n',
      fixed: 'write_files:\n- path: /etc/app.conf\n  content: a\n',
    },
  },
  'path-null': {
    finds: 'A path contains a NUL character.',
    why: 'Python refuses to open such a path. The error ends the module, and cloud-init writes none of the later files.',
    fix: 'Remove \\0 from the path.',
    example: { faulty: 'write_files:\n- path: "/etc/a\\0b"\n', fixed: 'write_files:\n- path: /etc/ab\n' },
  },
  'path-relative': {
    finds: 'A path does not begin with a slash.',
    why: 'cloud-init resolves it from its working directory, which is / at boot: etc/a becomes /etc/a.',
    fix: 'Write the absolute path.',
    example: {
      faulty: 'write_files:\n- path: etc/app.conf\n',
      fixed: 'write_files:\n- path: /etc/app.conf\n',
    },
  },
  'path-directory': {
    finds: 'A path ends in a slash.',
    why: 'write_files makes no directories: cloud-init removes the slash and writes a file by that name.',
    fix: 'Remove the slash. For a directory, run `mkdir -p DIRECTORY` in runcmd.',
    example: { faulty: 'write_files:\n- path: /etc/app/\n', fixed: 'write_files:\n- path: /etc/app\n' },
  },
  'path-dots': {
    finds: 'A path contains "..".',
    why: 'cloud-init resolves it, so the file lands at another place than the path seems to name.',
    fix: 'Write the path that the message shows.',
    example: { faulty: 'write_files:\n- path: /etc/app/../b\n', fixed: 'write_files:\n- path: /etc/b\n' },
  },
  'path-tmp': {
    finds: 'A file lies below /tmp.',
    why: "systemd-tmpfiles may clean /tmp later in the same boot. cloud-init's documentation advises against it.",
    fix: 'Use /run for a file that only this boot needs, else a directory such as /var/lib.',
    example: { faulty: 'write_files:\n- path: /tmp/a\n', fixed: 'write_files:\n- path: /run/a\n' },
  },
  'path-below-mount': {
    finds: 'A file lies below a mount point of the same document.',
    why: 'write_files runs before mounts. The mounted file system then hides the file.',
    fix: 'Set `defer: true`, which writes the file after the mount.',
    example: {
      faulty: 'mounts: [[vdb, /data]]\nwrite_files:\n- path: /data/a\n',
      fixed: 'mounts: [[vdb, /data]]\nwrite_files:\n- path: /data/a\n  defer: true\n',
    },
  },
  'path-below-home': {
    finds: 'A file lies below /home and is written before the users are made.',
    why: 'cloud-init makes the directory for root. useradd then leaves it as it is, and the user cannot write there.',
    fix: 'Set `defer: true` and the owner.',
    example: {
      faulty: 'write_files:\n- path: /home/alice/.profile\n  content: a\n',
      fixed:
        'write_files:\n- path: /home/alice/.profile\n  content: a\n  defer: true\n  owner: alice:alice\n',
    },
  },
  'path-duplicate': {
    finds: 'Two entries write the same path.',
    why: 'cloud-init overwrites the first file without a message.',
    fix: 'Remove one entry, or set `append: true` on the second.',
    example: {
      faulty: 'write_files:\n- path: /etc/app.conf\n  content: a\n- path: /etc/app.conf\n  content: b\n',
      fixed:
        'write_files:\n- path: /etc/app.conf\n  content: a\n- path: /etc/app.conf\n  append: true\n  content: b\n',
    },
  },

  // What is inside files.
  'encoding-unknown': {
    finds: 'An entry of write_files names an encoding that cloud-init does not know.',
    why: 'cc_write_files.py logs a warning and writes the content as it stands, still encoded.',
    fix: 'Use b64, gz, gz+b64 or text/plain.',
    example: {
      faulty: 'write_files:\n- path: /etc/app.conf\n  encoding: base32\n  content: ME======\n',
      fixed: 'write_files:\n- path: /etc/app.conf\n  encoding: b64\n  content: YQ==\n',
    },
  },
  'content-decode': {
    finds: 'The content of a file is not what its encoding says: base64 or gzip.',
    why: 'Python drops characters that are not base64 and writes a damaged file. Other faults end the module: this file and all later ones are missing.',
    fix: 'Encode the file again: `base64 -w0 FILE` for b64, `gzip -9c FILE | base64 -w0` for gz+b64.',
    example: {
      faulty: 'write_files:\n- path: /etc/app.conf\n  encoding: b64\n  content: Y\n',
      fixed: 'write_files:\n- path: /etc/app.conf\n  encoding: b64\n  content: YQ==\n',
    },
  },
  'file-yaml': {
    finds: 'A file named .yaml or .yml is not valid YAML.',
    why: 'cloud-init writes it all the same; the program that reads it on the server fails.',
    fix: 'Correct the line that the message shows. A template that is rendered first can stay.',
    example: {
      faulty: 'write_files:\n- path: /etc/app.yaml\n  content: |\n    a: ]\n',
      fixed: 'write_files:\n- path: /etc/app.yaml\n  content: |\n    a: []\n',
    },
  },
  'file-yaml-duplicate-key': {
    finds: 'A YAML file holds the same key twice in one mapping.',
    why: 'Some programs keep the last value without a message, others refuse the file.',
    fix: 'Remove one of the keys, or join their values.',
    example: {
      faulty: 'write_files:\n- path: /etc/app.yaml\n  content: |\n    a: 1\n    a: 2\n',
      fixed: 'write_files:\n- path: /etc/app.yaml\n  content: |\n    a: 1\n    b: 2\n',
    },
  },
  'file-json': {
    finds: 'A file named .json is not valid JSON.',
    why: 'cloud-init writes it all the same; the program that reads it on the server fails.',
    fix: 'Correct the line that the message shows. JSON has no comments and no comma after the last value.',
    example: {
      faulty: 'write_files:\n- path: /etc/app.json\n  content: |\n    {"a": 1,}\n',
      fixed: 'write_files:\n- path: /etc/app.json\n  content: |\n    {"a": 1}\n',
    },
  },
  'crlf-script': {
    finds: 'The first line of a script, which begins with #!, ends in CR LF.',
    why: 'The kernel looks for a program whose name ends in CR, so the script does not start.',
    fix: "Remove the CR characters: `sed -i 's/\\r$//' FILE`.",
    example: {
      faulty: 'write_files:\n- path: /etc/app.conf\n  content: "#!/bin/sh\\r\\nls\\r\\n"\n',
      fixed: 'write_files:\n- path: /etc/app.conf\n  content: "#!/bin/sh\\nls\\n"\n',
    },
  },
} as const satisfies Explanations;
