import type { Explanations } from './explanation';

/** apt: package sources and their keys (cloud-init's cc_apt_configure.py). */
export const APT = {
  'apt-variable': {
    finds: 'The line of a package source contains a variable that cloud-init does not replace.',
    why: "cloud-init's templater raises an error, and cc_apt_configure.py fails before it writes the source. Its packages are missing later.",
    fix: 'Use $RELEASE, $MIRROR, $PRIMARY, $SECURITY or $KEY_FILE (without braces), or write the value.',
    example: {
      faulty: 'apt:\n  sources:\n    docker:\n      source: deb https://apt.example.org $CODENAME main\n',
      fixed: 'apt:\n  sources:\n    docker:\n      source: deb https://apt.example.org $RELEASE main\n',
    },
  },
  'apt-key-missing': {
    finds: 'The line of a package source uses $KEY_FILE, but the source has neither key nor keyid.',
    why: 'cloud-init writes signed-by=None, and apt refuses the repository.',
    fix: 'Add `key: |` with the armoured public key below it.',
    example: {
      faulty:
        'apt:\n  sources:\n    docker:\n      source: deb [signed-by=$KEY_FILE] https://apt.example.org $RELEASE main\n',
      fixed:
        'apt:\n  sources:\n    docker:\n      source: deb [signed-by=$KEY_FILE] https://apt.example.org $RELEASE main\n      key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\nmQIN\\n-----END PGP PUBLIC KEY BLOCK-----\\n"\n',
    },
  },
  'apt-command': {
    finds: 'The line of a package source contains a command, such as $(dpkg --print-architecture).',
    why: 'Nothing runs the command: it stays in the file as text, and apt refuses the source.',
    fix: 'Remove the part in brackets, such as [arch=...]: apt takes its own architecture.',
    example: {
      faulty:
        'apt:\n  sources:\n    docker:\n      source: deb [arch=$(dpkg --print-architecture)] https://apt.example.org $RELEASE main\n',
      fixed: 'apt:\n  sources:\n    docker:\n      source: deb https://apt.example.org $RELEASE main\n',
    },
  },
  'apt-deb822': {
    finds: 'A package source is written in deb822 form, with Types: and URIs:.',
    why: 'cc_apt_configure.py puts the text in a .list file, which apt reads line by line and refuses.',
    fix: 'Write one line: `deb [signed-by=$KEY_FILE] URL SUITE COMPONENT`.',
    example: {
      faulty:
        'apt:\n  sources:\n    docker:\n      source: |\n        Types: deb\n        URIs: https://apt.example.org\n',
      fixed: 'apt:\n  sources:\n    docker:\n      source: deb https://apt.example.org $RELEASE main\n',
    },
  },
  'apt-key-format': {
    finds: 'The key of a package source is not an armoured public key.',
    why: 'gpg refuses it, and cloud-init puts /dev/null in place of $KEY_FILE. apt then refuses the repository, and its packages are missing.',
    fix: 'Export it with `gpg --armor --export KEYID`. Keep its line breaks with `key: |`.',
    example: {
      faulty:
        'apt:\n  sources:\n    docker:\n      source: deb [signed-by=$KEY_FILE] https://apt.example.org $RELEASE main\n      key: mQINBFit\n',
      fixed:
        'apt:\n  sources:\n    docker:\n      source: deb [signed-by=$KEY_FILE] https://apt.example.org $RELEASE main\n      key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\nmQIN\\n-----END PGP PUBLIC KEY BLOCK-----\\n"\n',
    },
  },
  'apt-key-network': {
    finds: 'A package source names its key by keyid.',
    why: 'cloud-init fetches the key from a key server at first boot. If that fails, so does the source.',
    fix: 'Put the armoured key in the document with `key: |`.',
    example: {
      faulty:
        'apt:\n  sources:\n    docker:\n      source: deb [signed-by=$KEY_FILE] https://apt.example.org $RELEASE main\n      keyid: 9DC858229FC7DD38854AE2D88D81803C0EBFCD88\n',
      fixed:
        'apt:\n  sources:\n    docker:\n      source: deb [signed-by=$KEY_FILE] https://apt.example.org $RELEASE main\n      key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\nmQIN\\n-----END PGP PUBLIC KEY BLOCK-----\\n"\n',
    },
  },
  'apt-key-for-all': {
    finds: 'The line of a package source does not use $KEY_FILE, although the source has a key.',
    why: 'cloud-init puts the key in trusted.gpg.d. Its owner can then sign packages of every repository.',
    fix: 'Write [signed-by=$KEY_FILE] after deb.',
    example: {
      faulty:
        'apt:\n  sources:\n    docker:\n      source: deb https://apt.example.org $RELEASE main\n      key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\nmQIN\\n-----END PGP PUBLIC KEY BLOCK-----\\n"\n',
      fixed:
        'apt:\n  sources:\n    docker:\n      source: deb [signed-by=$KEY_FILE] https://apt.example.org $RELEASE main\n      key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\nmQIN\\n-----END PGP PUBLIC KEY BLOCK-----\\n"\n',
    },
  },
} as const satisfies Explanations;
