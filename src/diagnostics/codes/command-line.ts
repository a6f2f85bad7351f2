import type { Explanations } from './explanation';

/** Command line and config file. */
export const COMMAND_LINE = {
  'missing-option': {
    finds: 'The option --domain is missing.',
    why: 'The domain is part of every address and certificate of the server; it has no sensible default.',
    fix: 'Add --domain NAME, or write `domain: NAME` in the file that --config names.',
  },
  'missing-argument': {
    finds: 'A verb lacks a word that it needs, such as the kind of machine or the image to remove.',
    why: 'gen-cloudinit does not guess what to boot, make or remove. It stops before it does anything.',
    fix: 'Add the word that the message names. `gen-cloudinit VERB --help` shows where it goes.',
  },
  'missing-value': {
    finds: 'An option has no value, or an empty one.',
    why: 'An empty value is usually a typing mistake or an unset shell variable, as in `--domain "$DOMAIN"`.',
    fix: 'Write a value after the option, or remove the option to get its default.',
  },
  'stray-word': {
    finds: 'The command line holds a word that neither the verb nor an option takes.',
    why: 'The word is often a misspelt verb, or a value whose option is missing. A run without it does something else than you ask for.',
    fix: 'Remove the word, or write its option before it. `gen-cloudinit --help` lists verbs and options.',
  },
  'unknown-option': {
    finds: 'A flag on the command line or a key in the config file does not exist.',
    why: 'Its value would have no effect, and the result would lack what you ask for.',
    fix: 'Use the name that the hint proposes. `gen-cloudinit VERB --help` lists the options.',
  },
  'repeated-option': {
    finds: 'An option that takes one value has several.',
    why: 'gen-cloudinit cannot know which of the values you mean.',
    fix: 'Keep one value. Only options that --help calls repeatable take several, such as --ssh-key.',
  },
  'wrong-type': {
    finds: 'A value has another type than its option takes, such as a number where text belongs.',
    why: 'YAML reads unquoted values such as 1.10 as numbers, so the text that you wrote is lost.',
    fix: 'Put text in quotes in the config file. Write numbers without quotes.',
  },
  'wrong-value': {
    finds: 'A value does not have the form that its option takes.',
    why: 'The value would fail much later: in a file or script on the server, or while a machine boots.',
    fix: 'Write a value as the line "expected" describes. `gen-cloudinit VERB --help` shows choices and defaults.',
  },
  contradiction: {
    finds:
      'Two settings exclude each other: two options, an option and an image, or the document and --extra.',
    why: 'Only one of the two can take effect, and gen-cloudinit does not choose for you.',
    fix: 'Change or remove one of the two that the message names.',
  },
  'too-long': {
    finds: 'The user ID of the administrator has more than 255 characters.',
    why: 'The Matrix specification limits a user ID such as @name:server to 255 bytes. The server cannot create this administrator.',
    fix: 'Choose a shorter --admin-user or --server-name.',
  },
  'unreadable-file': {
    finds:
      'A file that the command line or the config file names cannot be read, is empty, is too large or holds no document.',
    why: 'gen-cloudinit needs its content: it is the document, or a part of one.',
    fix: 'Correct the path, the permissions or the content. Paths in the config file start from its directory, paths in flags from the working directory.',
  },
  'unusable-output': {
    finds:
      'The result cannot go where you want it: a directory in place of a file, a directory in use, or gzip on a terminal.',
    why: 'Something of yours would be lost or mixed up. gen-cloudinit writes nothing.',
    fix: 'Name another file or directory, as the message says.',
  },
  'foreign-document': {
    finds:
      '`verify` got a document that gen-cloudinit did not make, or one from which the essential parts are missing.',
    why: 'It cannot know what the booted server has to answer.',
    fix: 'Make the document with gen-cloudinit. `gen-cloudinit check` and `show` take any document.',
  },
  'config-yaml': {
    finds: 'The file that --config names is not valid YAML.',
    why: 'gen-cloudinit cannot tell which options the file sets, so it uses none of them.',
    fix: 'Correct the line that the message shows. An editor checks the file with the output of `gen-cloudinit schema`.',
  },
  'config-shape': {
    finds: 'The file that --config names does not hold a mapping of options.',
    why: 'A list or a plain text names no option, so the file sets nothing.',
    fix: 'Write one option per line, such as `domain: matrix.example.org`.',
  },
  'ignore-comment': {
    finds: 'A comment `# gen-cloudinit: ignore CODE` names no code, or one that does not exist.',
    why: 'It ignores nothing, so the finding that you want to silence stays.',
    fix: 'Write the code from the brackets behind the finding, several of them with commas between.',
  },
  'unknown-code': {
    finds: '`gen-cloudinit explain` does not know the code.',
    why: 'The code is misspelt, or it comes from another version of gen-cloudinit.',
    fix: 'Copy the code from the brackets behind a message. `gen-cloudinit explain` lists every code.',
  },

  // Warnings about a deployment that works, but hardly as intended.
  'private-name': {
    finds: 'The domain ends in a name that only private networks use, such as .test, .local or .lan.',
    why: "No public certificate authority signs such a name. Let's Encrypt refuses the order, and the server gets no certificate.",
    fix: 'Use a name in a public DNS zone, or add `--tls local-ca`, which makes a certificate authority on the server.',
  },
  'example-address': {
    finds: "The contact address of the Let's Encrypt account is in an example domain.",
    why: "Let's Encrypt refuses the account, and the server gets no certificate.",
    fix: 'Add --email with an address that receives mail.',
  },
  'plain-http': {
    finds: 'An option names an http:// address for images or a backup.',
    why: 'Anyone on the network path can read and replace what comes from there. A backup holds every secret of the server.',
    fix: 'Use an https:// address. In a network that you trust, nothing has to change.',
  },
  'open-port': {
    finds: 'The option --synapse-bind publishes port 8008 on an address that other machines reach.',
    why: 'The port serves Synapse without TLS, its admin API included. Docker publishes ports past the rules of ufw.',
    fix: 'Keep the default 127.0.0.1, or let a firewall admit only the machines that need the port.',
  },
} as const satisfies Explanations;
