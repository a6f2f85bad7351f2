/** Calls of a program with what it then does, in the language of sh. `*` stands for anything; the first that fits counts. */
export type Answers = Readonly<Record<string, string>>;

/**
 * Programs that would reach out of the sandbox or need root. What a test does not answer ends with 125, and the test fails.
 */
export const PROGRAMS: Readonly<Record<string, Answers>> = {
  docker: {
    // What the state file tells.
    'version -f {{.Server.Version}}': 'echo 29.1.0',
    'ps -aq --filter label=com.docker.compose.project=*': ':',
  },
  curl: {},
  // As much as is free, in kilobytes, is in a file.
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
  chown: { '991:991 *': ':' },
  // Data of other people is on the same disk.
  sync: { '*': ':' },
  // Synapse's user is nobody too.
  setpriv: { '*': 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"' },
  // Files of root and of Synapse are nobody's here.
  find: {
    '*': 'n=$#; while [ "$n" -gt 0 ]; do n=$((n - 1)); word=$1; shift; case "$last $word" in "-user root" | "-user 991") word=$(id -u) ;; esac; last=$word; set -- "$@" "$word"; done; exec /usr/bin/find "$@"',
  },
};

/** Answers of Docker while everything can be started and answers; `up` tells with which code the start of Synapse ends. */
export const STARTS: Answers = {
  'compose -f */docker-compose.yml up -d --wait --wait-timeout 60': 'exit "$(next up)"',
  'compose -f */compose.yml up -d --wait --wait-timeout 60': ':',
  'compose -f */docker-compose.yml up -d --wait db': ':',
  'compose -f */docker-compose.yml stop synapse': ':',
  'compose -f */docker-compose.yml rm -sf synapse': ':',
};
