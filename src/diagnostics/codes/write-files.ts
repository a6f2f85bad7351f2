import type { Explanations } from './explanation';

/** write_files: owners, permissions, paths and content of files (cloud-init's cc_write_files.py). */
export const WRITE_FILES = {
  'owner-numeric': {
    finds: 'The owner of a file is a number, such as 991:991.',
    why: 'cc_write_files.py looks owners up by name, so a number raises an error. cloud-init then writes none of the later files.',
    fix: 'Write `owner: root:root`, and run `chown 991:991 FILE` in runcmd.',
  },
  'owner-too-early': {
    finds: 'A file belongs to a user or group that the same document creates.',
    why: 'write_files runs before users_groups. The owner does not exist yet, and cloud-init writes none of the later files.',
    fix: 'Set `defer: true`, which writes the file after users and packages, or run `chown` in runcmd.',
  },
  'owner-unknown': {
    finds: 'A file belongs to a user or group that a fresh Debian or Ubuntu image does not have.',
    why: 'Packages come after write_files. If the image lacks the owner, cloud-init writes none of the later files.',
    fix: 'Set `defer: true`, which writes the file after users and packages, or run `chown` in runcmd.',
  },
  'permissions-format': {
    finds: 'The permissions are not octal digits, such as u=rw.',
    why: 'decode_perms logs a warning and takes 0644, so every user of the server can read the file.',
    fix: "Write four octal digits in quotes, such as '0600'.",
  },
  'permissions-number': {
    finds: 'The permissions are a number, without quotes.',
    why: 'cloud-init takes 0644 as meant, but its schema refuses it. It takes 644 as a decimal number and sets the mode 01204.',
    fix: "Put the permissions in quotes, such as '0644'.",
  },
  'permissions-range': {
    finds: 'The permissions have more than four octal digits, or they are negative.',
    why: 'The kernel drops all bits beyond 07777, so the file gets another mode than the document says.',
    fix: "Write four octal digits in quotes, such as '0644'.",
  },
  'permissions-special': {
    finds: 'The permissions set the set-user-id, set-group-id or sticky bit.',
    why: 'Older cloud-init changes the owner after the mode, and that clears set-user-id and set-group-id (cloud-init issue 6225).',
    fix: 'Set the bits in runcmd, such as `chmod 4755 FILE`.',
  },
  'path-missing': {
    finds: 'An entry of write_files does not have a path.',
    why: 'cc_write_files.py logs a warning and skips the entry; its content reaches no file.',
    fix: 'Add `path:` with the absolute path of the file.',
  },
  'path-null': {
    finds: 'A path contains a NUL character.',
    why: 'Python refuses to open such a path. The error ends the module, and cloud-init writes none of the later files.',
    fix: 'Remove \\0 from the path.',
  },
  'path-relative': {
    finds: 'A path does not begin with a slash.',
    why: 'cloud-init resolves it from its working directory, which is / at boot: etc/a becomes /etc/a.',
    fix: 'Write the absolute path.',
  },
  'path-directory': {
    finds: 'A path ends in a slash.',
    why: 'write_files makes no directories: cloud-init removes the slash and writes a file by that name.',
    fix: 'Remove the slash. For a directory, run `mkdir -p DIRECTORY` in runcmd.',
  },
  'path-dots': {
    finds: 'A path contains "..".',
    why: 'cloud-init resolves it, so the file lands at another place than the path seems to name.',
    fix: 'Write the path that the message shows.',
  },
  'path-tmp': {
    finds: 'A file lies below /tmp.',
    why: "systemd-tmpfiles may clean /tmp later in the same boot. cloud-init's documentation advises against it.",
    fix: 'Use /run for a file that only this boot needs, else a directory such as /var/lib.',
  },
  'path-below-mount': {
    finds: 'A file lies below a mount point of the same document.',
    why: 'write_files runs before mounts. The mounted file system then hides the file.',
    fix: 'Set `defer: true`, which writes the file after the mount.',
  },
  'path-duplicate': {
    finds: 'Two entries write the same path.',
    why: 'cloud-init overwrites the first file without a message.',
    fix: 'Remove one entry, or set `append: true` on the second.',
  },

  // What is inside files.
  'encoding-unknown': {
    finds: 'An entry of write_files names an encoding that cloud-init does not know.',
    why: 'cc_write_files.py logs a warning and writes the content as it stands, still encoded.',
    fix: 'Use b64, gz, gz+b64 or text/plain.',
  },
  'content-decode': {
    finds: 'The content of a file is not what its encoding says: base64 or gzip.',
    why: 'Python drops characters that are not base64 and writes a damaged file. Other faults end the module: this file and all later ones are missing.',
    fix: 'Encode the file again: `base64 -w0 FILE` for b64, `gzip -9c FILE | base64 -w0` for gz+b64.',
  },
  'file-yaml': {
    finds: 'A file named .yaml or .yml is not valid YAML.',
    why: 'cloud-init writes it all the same; the program that reads it on the server fails.',
    fix: 'Correct the line that the message shows. A template that is rendered first can stay.',
  },
  'file-yaml-duplicate-key': {
    finds: 'A YAML file holds the same key twice in one mapping.',
    why: 'Some programs keep the last value without a message, others refuse the file.',
    fix: 'Remove one of the keys, or join their values.',
  },
  'file-json': {
    finds: 'A file named .json is not valid JSON.',
    why: 'cloud-init writes it all the same; the program that reads it on the server fails.',
    fix: 'Correct the line that the message shows. JSON has no comments and no comma after the last value.',
  },
  'crlf-script': {
    finds: 'The first line of a script, which begins with #!, ends in CR LF.',
    why: 'The kernel looks for a program whose name ends in CR, so the script does not start.',
    fix: "Remove the CR characters: `sed -i 's/\\r$//' FILE`.",
  },
} as const satisfies Explanations;
