/** Calls of a program, each with the sh commands that answer it. `*` matches anything; the first match counts. */
export type Answers = Readonly<Record<string, string>>;

/**
 * Programs that would reach out of the sandbox or need root. A call without an answer ends with 125 and fails the test.
 */
export const PROGRAMS: Readonly<Record<string, Answers>> = {
  docker: {
    // For the state file.
    'version -f {{.Server.Version}}': 'echo 29.1.0',
    'ps -aq --filter label=com.docker.compose.project=*': ':',
  },
  curl: {},
  // The file has the free kilobytes.
  df: {
    '-Pk *': `printf 'Filesystem 1024-blocks Used Available Capacity Mounted\\nx 0 0 %s 0%% /\\n' "$(cat "$ROOT/free")"`,
  },
  ss: {},
  ip: {},
  iptables: {},
  ip6tables: {},
  ufw: { status: 'echo "Status: inactive"' },
  nft: { 'list chains': ':' },
  systemctl: {},
  timedatectl: {},
  logger: { '-t matrixctl -- *': 'shift 3; printf "%s\\n" "$*" >>"$ROOT/journal"' },
  chown: { '991:991 *': ':' },
  // The disk contains more than the sandbox, and flushing all of it takes time.
  sync: { '*': ':' },
  // Synapse's user is the user of the test.
  setpriv: { '*': 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"' },
  // Files of root and of Synapse belong to the user of the test.
  find: {
    '*': 'n=$#; while [ "$n" -gt 0 ]; do n=$((n - 1)); word=$1; shift; case "$last $word" in "-user root" | "-user 991") word=$USER_ID ;; esac; last=$word; set -- "$@" "$word"; done; exec /usr/bin/find "$@"',
  },
};

/** How the script asks Docker about Element's container. */
export const ELEMENT_STATE =
  'inspect -f {{.State.Status}}{{with .State.Health}} {{.Status}}{{end}} matrix-element-1';

/** Answers of Docker on a server that can start everything. The sequence `up` has the exit codes of Synapse's start. */
export const STARTS: Answers = {
  'compose -f */docker-compose.yml up -d --wait --wait-timeout 60 synapse': 'exit "$(next up)"',
  'compose -f */docker-compose.yml up -d': ':',
  [ELEMENT_STATE]: 'echo running',
  'compose -f */compose.yml up -d --wait --wait-timeout 60': ':',
  'compose -f */docker-compose.yml up -d --wait db': ':',
  'compose -f */docker-compose.yml stop synapse': ':',
  'compose -f */docker-compose.yml rm -sf synapse': ':',
};

/** How the script asks whether Element answers. */
export const ELEMENT = '-sfo /dev/null -m 5 http://127.0.0.1:8080/';
