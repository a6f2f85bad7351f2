import fc from 'fast-check';

/** Texts that break out of some kind of file, or that such a file reads as something else. */
const FRAGMENTS = [
  '"',
  "'",
  '`',
  '\\',
  '\n',
  '\r\n',
  '\t',
  '\0',
  '\x1b[2J',
  ' ',
  '$',
  '$$',
  '$HOME',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: hostile on purpose
  '${HOME}',
  '$(id)',
  '`id`',
  '%',
  '%s',
  '#',
  ' # x',
  ': ',
  ':',
  '- ',
  '---\n',
  '\n...\n',
  '!!python/object:os.system',
  '!!binary ',
  '&a',
  '*a',
  '<<',
  '|',
  '>',
  '{',
  '}',
  ';',
  '};',
  '; return 200; ',
  '{{ 1 }}',
  '{% raw %}',
  '<%= 1 %>',
  '\nMIME-Version: 1.0\n',
  '\nruncmd: [id]\n',
  '\nEOF\n',
  '&&',
  '|| id',
  '>/etc/x',
  '../',
  '/..',
  '//',
  '~',
  '*',
  '?',
  '[x]',
  '@',
  ',',
  '=',
  '\u00e9',
  '\u2028',
  '\u{1f4a9}',
  '\ud800',
  '\ufeff',
  'yes',
  'null',
  '0644',
  '22:22',
  '1_000',
  '__proto__',
  'constructor',
] as const;

const fragment = fc.constantFrom(...FRAGMENTS);

/**
 * Completely hostile texts, valid values with an inserted hostile text, very long values, and merely unusual ones. The
 * unusual ones must arrive, which shows that the command does not simply refuse everything.
 * @param right values that the option accepts
 */
export function hostileOr(right: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const pure = fc.array(fc.oneof(fragment, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 6 });
  const spoilt = fc.tuple(right, fragment, fc.nat()).map(([text, extra, place]) => {
    const at = place % (text.length + 1);
    return text.slice(0, at) + extra + text.slice(at);
  });
  const long = fc
    .tuple(fragment, fc.integer({ min: 200, max: 40_000 }))
    .map(([text, times]) => text.repeat(times));
  return fc.oneof(
    // Enough of them that a random choice leaves some for the tests that count accepted values.
    { weight: 5, arbitrary: right },
    { weight: 3, arbitrary: spoilt },
    { weight: 2, arbitrary: pure.map((texts) => texts.join('')) },
    { weight: 1, arbitrary: right.map((text) => text.repeat(60)) },
    { weight: 1, arbitrary: long.map((text) => text.slice(0, 100_000)) },
  );
}

const matching = (pattern: RegExp) => fc.stringMatching(pattern, { size: 'small' });

/** Unusual but valid values, by kind of option. */
export const RIGHT = {
  domain: fc.oneof(
    matching(
      /^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?){0,3}\.(example|test)$/,
    ),
    fc.constantFrom(
      'xn--bcher-kva.example',
      'MATRIX.Example.ORG',
      '0.example',
      'null.example',
      'dns-x.rsa.test',
    ),
  ),
  email: matching(/^[A-Za-z0-9]+([._+-][A-Za-z0-9]+){0,2}@[a-z0-9]{1,9}\.example$/),
  url: matching(/^https?:\/\/[a-z0-9]{1,9}\.(example|test)(:[1-9]\d{0,3})?(\/[A-Za-z0-9._~-]{1,8}){0,3}\/?$/),
  origin: matching(/^https?:\/\/[a-z0-9]{1,9}\.(example|test)(:[1-9]\d{0,3})?\/?$/),
  user: fc.oneof(
    matching(/^[a-z0-9][a-z0-9._-]{0,12}$/),
    fc.constantFrom('null', 'yes', '0644', '1e3', 'on'),
  ),
  password: fc.oneof(
    matching(/^[A-Za-z0-9_.~@%+=/-]{1,24}$/),
    fc.constantFrom(
      'null',
      'yes',
      '0644',
      '~',
      '%s',
      '=',
      '-',
      '.',
      '@x',
      '~root',
      '1_000',
      '1e3',
      '-n',
      '%(x)s',
    ),
  ),
  image: matching(
    /^([a-z]{1,6}\.example(:5000)?\/)?[a-z0-9]{1,6}(\/[a-z0-9]{1,6}){0,2}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,9})?$/,
  ),
  directory: matching(/^(\/[A-Za-z0-9_][A-Za-z0-9._-]{0,8}){1,4}\/?$/),
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  zone: fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'America/Argentina/Buenos_Aires',
    'Etc/GMT+5',
    'Asia/Kolkata',
  ),
  sshKey: matching(/^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}( [!-~][ -~]{0,20})?$/),
  backup: fc.oneof(
    matching(/^(\/[A-Za-z0-9_][A-Za-z0-9._=-]{0,8}){1,4}$/),
    matching(
      /^https?:\/\/[a-z0-9]{1,9}\.example(:[1-9]\d{0,3})?\/[A-Za-z0-9._~-]{1,8}(\?[A-Za-z0-9=&%+]{1,20})?$/,
    ),
  ),
  seconds: fc.integer({ min: 30, max: 7200 }).map(String),
} as const;
