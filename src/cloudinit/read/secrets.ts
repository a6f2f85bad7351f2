/**
 * How secrets look in text: the forms that their issuers give them, and long mixed values after telling names.
 * Repetitions are bounded, so that no text makes the search slow.
 */
export interface FoundSecret {
  /** What it is, in words. */
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

const FORMS: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/g },
  { what: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g },
  { what: 'a GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})/g },
  { what: 'a GitLab token', pattern: /\bgl(?:pat|dt|rt)-[A-Za-z0-9_-]{20,200}/g },
  { what: 'a Slack token', pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,200}/g },
  { what: 'a Stripe key', pattern: /\b[rs]k_live_[A-Za-z0-9]{16,}/g },
  { what: 'a Google API key', pattern: /\bAIza[A-Za-z0-9_-]{35}/g },
  { what: 'an npm token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { what: 'a DigitalOcean token', pattern: /\bdo[oprt]_v1_[0-9a-f]{64}\b/g },
  { what: 'a Matrix access token', pattern: /\bsyt_[A-Za-z0-9_-]{20,200}/g },
  {
    what: 'a JSON web token',
    pattern: /\beyJ[A-Za-z0-9_-]{10,999}\.eyJ[A-Za-z0-9_-]{10,9999}\.[A-Za-z0-9_-]{10,999}/g,
  },
  { what: 'an age secret key', pattern: /\bAGE-SECRET-KEY-1[A-Z0-9]{50,}/g },
  { what: 'a Docker login', pattern: /"auth"\s*:\s*"[A-Za-z0-9+/]{12,}={0,2}"/g },
  {
    what: 'a password in an address',
    pattern: /\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@"'<>$]{1,99}:(?![$<{%])[^\s/@"'<>$]{4,200}@/g,
  },
];

/** `password: value`, `"secret": "value"`, `TOKEN=value`: the name must end in the telling word. */
const NAMED =
  /(?<![\w$-])["']?([\w-]*(?:passw(?:or)?d|passphrase|secret|token|api_?key|secret_key|access_key|private_key|form_secret))["']?[ \t]*[:=][ \t]*(?:"([^"\n]+)"|'([^'\n]+)'|([^\s"'#,;})\]]+))/gi;
/** A placeholder, or the name of something instead of its value. */
const PLACEHOLDER =
  /[$`{}<>]|^%|^!|^[/~.]|^(?:file|https?|env|vault|ssm|arn):|example|changeme|change_me|redacted|xxxx|\*\*\*/i;

/** Secrets in a text, in its order. A value found by its form is not reported by its name again. */
export function secretsIn(text: string): FoundSecret[] {
  const found: FoundSecret[] = [];
  for (const { what, pattern } of FORMS) {
    for (const match of text.matchAll(pattern)) {
      if (/EXAMPLE$/.test(match[0])) continue;
      found.push({ what, start: match.index, end: match.index + match[0].length });
    }
  }
  found.sort((a, b) => a.start - b.start);
  const byForm = found.slice();
  let next = 0;
  for (const match of text.matchAll(NAMED)) {
    const value = match[2] ?? match[3] ?? match[4] ?? '';
    const end = match.index + match[0].length;
    const start = match.index + match[0].lastIndexOf(value);
    // Both come in the order of the text, so what lies before this value lies before all that follow.
    while (next < byForm.length && byForm[next]!.end <= start) next++;
    if (!isRandom(value) || (next < byForm.length && byForm[next]!.start < end)) continue;
    found.push({ what: `a value of ${value.length} characters behind "${match[1]}"`, start, end });
  }
  return found.sort((a, b) => a.start - b.start);
}

/** Long, of several kinds of characters and with little repetition, as generated values are and words are not. */
function isRandom(value: string): boolean {
  if (value.length < 8 || PLACEHOLDER.test(value)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  const words = /^[A-Za-z]+(?:[ ._-][A-Za-z]+)*$/.test(value);
  return kinds >= 2 && !words && entropy(value) >= 2.75;
}

/** Shannon entropy of the characters, in bits per character. */
function entropy(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}

/** The text with everything that looks like a secret replaced. */
export function redacted(text: string): string {
  let result = '';
  let at = 0;
  for (const { start, end } of secretsIn(text)) {
    if (start < at) continue;
    result += `${text.slice(at, start)}***`;
    at = end;
  }
  return result + text.slice(at);
}

const WORD = String.raw`(?:"[^"\n]*"?|'[^'\n]*'?|[^\s"';|&)]+)`;
/** Where a command takes a secret: the text before it, then the secret itself. A variable is none. */
const IN_COMMANDS: readonly RegExp[] = [
  // DB_PASS=value, --token value, "password": "value"
  new RegExp(
    String.raw`((?<![\w-])["']?[\w-]{0,60}(?:pass(?:w(?:or)?d|phrase|wd)?|pwd?|psk|secret|token|key|credentials?|auth)["']?(?:[ \t]*[:=][ \t]*|(?<=--[\w-]{1,60}["']?),?[ \t]+))(?![$<{]|["']?\$)(${WORD})`,
    'gi',
  ),
  // mysql -pvalue
  /(\b(?:mysql\w*|mariadb[\w-]*|7z)\b[^\n;|&]{0,200}?[ \t]['"]?-p)(?![$<{ \t])([^\s;|&)]+)/g,
  // sshpass -p value
  new RegExp(
    String.raw`(\b(?:sshpass|redis-cli|ldap\w+|useradd|usermod|docker[ \t]+login)\b[^\n;|&]{0,200}?[ \t]['"]?-(?:a(?=[ \t])|[pw])['"]?,?[ \t]*)(?![$<{-]|["']?\$)(${WORD})`,
    'g',
  ),
  // curl -u name:value
  /((?:^|[\s[])['"]?(?:-u|--user|--proxy-user)['"]?(?:,?[ \t]*|=)['"]?[^\s:'"]{1,99}:)(?![$<{])([^\s'"]+)/g,
  /(\bAuthorization["']?:[ \t]*["']?\w+[ \t]+)(?![$<{])([^\s"']+)/gi,
  // echo name:value | chpasswd
  /(\b(?:echo|printf)\b[^\n|]{0,40}?[ \t]["']?)(?!-)([^\n|]{1,400}(?=\|[ \t]*(?:sudo[ \t]+)?(?:\/\S*\/)?(?:(?:ch)?passwd|smbpasswd|smbclient|cryptsetup|docker[ \t]+login|su\b|sudo[ \t]+-S|wg\b|htpasswd|openssl|gpg|vncpasswd)))/g,
  /(\bopenssl[ \t]+passwd(?:[ \t]+-(?:salt[ \t]+\S+|\w+))*[ \t]+)(?![-$])([^\s|;&)]+)/g,
  /(\b(?:chpasswd|passwd(?:[ \t]+--stdin)?)[ \t]*<<<[ \t]*)([^\n]+)/g,
];

/** For commands that are shown: what looks like a secret, and whatever stands where a command takes one. */
export function redactedCommand(text: string): string {
  return IN_COMMANDS.reduce((shown, pattern) => shown.replaceAll(pattern, '$1***'), redacted(text));
}
