import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Coverage, PS4 } from './coverage';
import { type Answers, PROGRAMS } from './programs';

export const MODULES = 'templates/matrixctl';
/** The user as whom root runs the modules. */
const UNPRIVILEGED = 65534;
const IS_ROOT = process.getuid?.() === 0;
/** No call takes longer, unless it hangs. */
const LIMIT_MS = 60_000;

export const BASE = '/srv/matrix';
export const LIB = '/var/lib/gen-cloudinit';
export const BACKUPS = '/var/backups/matrix';

/** Matches the start of a server's path in a module. Paths in containers (/etc/letsencrypt, /var/www) do not match. */
const SERVER_PATH =
  /(?<![\w.$}/-])(?=\/(?:etc\/(?:gen-cloudinit|systemd|iptables|docker|apt|os-release)\b|root\b|data\/nginx\b|usr\/(?:lib\/apt|share\/element-web)\b|var\/(?:lib|backups)\b|run\/matrix\.lock|proc\/(?:self\/mountinfo|meminfo|net)|sys\/class\/net\b))/g;

const SETTINGS: Readonly<Record<string, string>> = {
  VERSION: '1.2.3',
  BASE_DIR: BASE,
  DOMAIN: 'matrix.example.org',
  SERVER_NAME: 'example.org',
  HEALTH_TIMEOUT: '60',
  DOCKER_APT_URL: 'https://docker.example.org',
};

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const globOf = (call: string) =>
  call
    .split('*')
    .map((part) => part && quoted(part))
    .join('*');

/** Only `sleep` advances bash's clock: by its seconds, and by one second at least. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: bash's own
const CLOCK = 'sleep() { echo "sleep $1" >>"$ROOT/calls"; SECONDS=$((SECONDS + ${1%.*} + 1)); }';

export interface Called {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The calls of stand-ins in their order, without those that only read or that write the state file. */
  readonly calls: readonly string[];
  /** The lines written to the journal. */
  readonly journal: readonly string[];
}

/**
 * A directory with the paths of a server, in which matrixctl's modules run without root. The modules are copies whose
 * paths lead into the directory; their lines stay the same.
 */
export class Sandbox {
  readonly root: string;
  private readonly programs = new Map<string, Answers>(Object.entries(PROGRAMS));
  /** Programs whose file is not written yet. */
  private readonly changed = new Set(this.programs.keys());
  private readonly settings: Record<string, string> = { ...SETTINGS };

  constructor(private readonly coverage: Coverage) {
    this.root = mkdtempSync(join(tmpdir(), 'matrixctl-'));
    if (IS_ROOT) chownSync(this.root, UNPRIVILEGED, UNPRIVILEGED);
    for (const name of readdirSync(MODULES))
      this.put(`/modules/${name}`, readFileSync(join(MODULES, name), 'utf8').replace(SERVER_PATH, this.root));
    for (const path of [
      LIB,
      `${BASE}/files`,
      '/root/nginx',
      '/data/nginx',
      '/var/backups',
      '/run',
      '/answers',
    ])
      this.directory(path);
    this.put('/data/nginx/nginx-certbot.env', '');
    this.put('/proc/self/mountinfo', '');
    this.put('/proc/meminfo', 'MemTotal: 2000000 kB\nMemAvailable: 1000000 kB\n');
    this.put(`${BASE}/db-password`, 'secret of the database\n', 0o600);
    this.free(100_000);
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  at(path: string): string {
    return this.root + path;
  }

  directory(path: string): void {
    const whole = this.at(path);
    if (existsSync(whole)) return;
    if (whole !== this.root) this.directory(dirname(path));
    mkdirSync(whole);
    if (IS_ROOT) chownSync(whole, UNPRIVILEGED, UNPRIVILEGED);
  }

  put(path: string, content: string, mode = 0o644): void {
    this.directory(dirname(path));
    const whole = this.at(path);
    writeFileSync(whole, content);
    chmodSync(whole, mode);
    if (IS_ROOT) chownSync(whole, UNPRIVILEGED, UNPRIVILEGED);
  }

  /** A text with the server's paths, without the sandbox. */
  private plain(text: string): string {
    return text.replaceAll(this.root, '');
  }

  read(path: string): string | undefined {
    return this.has(path) ? this.plain(readFileSync(this.at(path), 'utf8')) : undefined;
  }

  has(path: string): boolean {
    return existsSync(this.at(path));
  }

  list(path: string): string[] {
    return this.has(path) ? readdirSync(this.at(path)).sort() : [];
  }

  /** Sets a file's date this many minutes back. */
  age(path: string, minutes: number): void {
    const then = Date.now() / 1000 - minutes * 60;
    utimesSync(this.at(path), then, then);
  }

  /** How many megabytes are free on every disk. */
  free(mb: number): void {
    this.put('/free', `${mb * 1024}\n`);
  }

  set(settings: Readonly<Record<string, string>>): void {
    Object.assign(this.settings, settings);
  }

  /** Adds answers for a program; they precede the existing ones. */
  answer(name: string, answers: Answers): void {
    this.programs.set(name, { ...answers, ...this.programs.get(name), ...answers });
    this.changed.add(name);
  }

  /** Sets the words that `next NAME` prints in an answer, one per call. The last word repeats. */
  sequence(name: string, ...words: readonly string[]): void {
    this.put(`/answers/${name}`, `${words.join('\n')}\n`);
  }

  private writePrograms(): void {
    for (const name of this.changed) {
      const answers = this.programs.get(name) ?? {};
      const arms = Object.entries(answers).map(([call, lines]) => `${globOf(call)}) ${lines} ;;`);
      this.put(
        `/bin/${name}`,
        `#!/bin/sh
ROOT=${this.root} USER_ID=${IS_ROOT ? UNPRIVILEGED : process.getuid?.()}
echo "${name} $*" >>$ROOT/calls
next() {
  head -n 1 "$ROOT/answers/$1"
  [ "$(wc -l <"$ROOT/answers/$1")" = 1 ] || sed -i 1d "$ROOT/answers/$1"
}
case "$*" in
${arms.join('\n')}
*) echo "${name} $*" >>$ROOT/unanswered; exit 125 ;;
esac
`,
        0o755,
      );
    }
    this.changed.clear();
  }

  /** Sources the script as `matrixctl help`, and then runs some lines with its functions. */
  call(lines: string, input = ''): Called {
    return this.bash(
      `set -x -- help
      . "$MODULES/matrixctl.sh" >/dev/null
      DONE=''
      ${CLOCK}
      ${lines}`,
      input,
    );
  }

  /** Runs the script from its first line to its last, as `matrixctl WORDS`, after some lines of bash. */
  command(words: string, before = ''): Called {
    return this.bash(`${CLOCK}
      ${before}
      set -x -- ${words}
      . "$MODULES/matrixctl.sh"`);
  }

  private bash(lines: string, input = ''): Called {
    this.writePrograms();
    const settings = { ...this.settings, BASE_DIR: this.at(BASE) };
    this.put(
      '/etc/gen-cloudinit.env',
      Object.entries(settings)
        .map(([name, value]) => `${name}=${quoted(value)}\n`)
        .join(''),
      0o600,
    );
    for (const name of ['calls', 'unanswered', 'trace', 'journal']) this.put(`/${name}`, '');
    const program = `exec 19>>"$ROOT/trace"
      PS4=${quoted(PS4)} BASH_XTRACEFD=19
      ${lines}`;
    const { status, stdout, stderr, error } = spawnSync('/bin/bash', ['-c', program], {
      cwd: '/',
      input,
      encoding: 'utf8',
      timeout: LIMIT_MS,
      env: {
        PATH: `${this.root}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        ROOT: this.root,
        MODULES: `${this.root}/modules`,
        LC_ALL: 'C.UTF-8',
      },
      ...(IS_ROOT ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {}),
    });
    if (error) throw error;
    this.coverage.add(this.read('/trace') ?? '');
    assert.is(this.read('/unanswered'), '', `calls without an answer\n${stdout}${stderr}`);
    const linesOf = (path: string) => (this.read(path) ?? '').split('\n').filter((line) => line);
    const calls = linesOf('/calls').filter(
      (call) => !/^(?:find|sync|setpriv|df|logger) |^docker (?:version -f|ps -aq)/.test(call),
    );
    return {
      code: status,
      stdout: this.plain(stdout),
      stderr: this.plain(stderr),
      calls,
      journal: linesOf('/journal'),
    };
  }
}
