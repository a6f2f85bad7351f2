# shellcheck shell=bash
# --- helpers that every command uses

say() { echo "gen-cloudinit: $*"; }

die() {
  WHY=$*
  if [ "$BOOT" ]; then set_phase failed "$WHY"; else say "failed: $WHY" >&2; fi
  exit 1
}

# For a wrong argument, which may be a password: nothing has changed, and the journal gets no line.
refuse() {
  trap - EXIT
  die "$@"
}

# Shows the docker command that it runs, without its time limit.
run() {
  local words=$*
  echo "+ ${words#timeout * }" >&2
  "$@"
}

compose_matrix() { run docker compose -f "$MATRIX" "$@"; }
compose_nginx() { run docker compose -f $NGINX "$@"; }
compose_both() { compose_matrix "$@" && compose_nginx "$@"; }

# Starts everything and waits until it answers; nginx starts in parallel. Docker runs its own check of Element's image
# every 30 s, so this requests Element itself.
start_all() {
  local proxy code=0
  write_compose_env
  compose_nginx up -d --wait --wait-timeout "$HEALTH_TIMEOUT" 9>&- &
  proxy=$!
  compose_matrix up -d --wait --wait-timeout "$HEALTH_TIMEOUT" synapse && compose_matrix up -d && wait_for_element || code=1
  wait $proxy || code=1
  [ $code = 0 ] && block_metadata && wait_for_https
}

# Waits for Element, unless its container has ended. The server's owner may have removed it, or moved it to another port:
# then Docker's own check of its image decides.
wait_for_element() {
  local state end=$((SECONDS + HEALTH_TIMEOUT))
  grep -q '^ *element:' "$MATRIX" || return 0
  until curl -sfo /dev/null -m 5 http://127.0.0.1:8080/; do
    state=$(timeout 20 docker inspect -f '{{.State.Status}}{{with .State.Health}} {{.Status}}{{end}}' matrix-element-1) || state=''
    case $state in
      *' healthy') return 0 ;;
      exited* | dead* | restarting*) end=0 ;;
    esac
    if [ $SECONDS -ge $end ]; then
      WHY='Element does not answer on 127.0.0.1:8080: matrixctl logs element'
      return 1
    fi
    sleep 0.2
  done
}

# Waits for nginx, which serves only plain HTTP until it has a certificate; at most a minute.
wait_for_https() {
  local end=$((SECONDS + 60))
  until get / >/dev/null || [ $SECONDS -ge $end ]; do sleep 0.2; done
}

# Requests a page as another machine would, from here.
get() { curl -skim 9 --connect-to ::127.0.0.1: "https://$DOMAIN$1" "${@:2}" | head -c 100000; }

health() { [ "$(curl -so /dev/null -m 5 -w '%{http_code}' http://127.0.0.1:8008/health)" = 200 ]; }

# Data goes into a statement as a psql variable (-v name=VALUE with :'name'), and then the statement is read from
# standard input: -c replaces no variables.
sql() { run timeout 3600 docker exec -i matrix-db-1 psql -XqAtU synapse -v ON_ERROR_STOP=1 "$@"; }

# Replaces a database with an empty one in the form that Synapse requires: UTF8, and sorted by the bytes.
recreate_database() { # NAME
  sql -d postgres -c "DROP DATABASE IF EXISTS $1" \
    -c "CREATE DATABASE $1 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
}

# The containers of both stacks by Docker Compose's own labels: a name would also match other containers.
containers() { # [FILTER...]
  local project
  for project in matrix nginx; do
    timeout 60 docker ps -aq --filter "label=com.docker.compose.project=$project" "$@"
  done
}

container_images() { # FORMAT
  local ids
  mapfile -t ids < <(containers 2>/dev/null)
  [ ${#ids[@]} = 0 ] || timeout 60 docker inspect -f "$1" "${ids[@]}"
}

# Megabytes. uutils' df, which Ubuntu 26.04 has, does not support -m.
free_mb() { # DIRECTORY
  df -Pk "$1" | awk 'END { print int($4 / 1024) }'
}

# For a subshell: limits the size of its files, so that the reserve stays free.
keep_reserve() { # DIRECTORY
  ulimit -f $((($(free_mb "$1") - RESERVE) * 1024))
}

require_space() { # DIRECTORY MB WHAT-FOR
  local free
  free=$(free_mb "$1")
  [ "$free" -ge "$2" ] || die "$free MB are free in $1, up to $2 may be needed $3"
}

# Replaces a file with the output of a command, unless the command fails. The mode stays.
edit_file() { # FILE COMMAND...
  local text
  text=$("${@:2}" "$1") && printf '%s\n' "$text" | replace_file "$1" "$(stat -c %a "$1")"
}

# Replaces a file completely, or not at all: a full disk or a power cut leaves no partial file.
replace_file() { # FILE MODE <CONTENT
  local new=${1%/*}/.matrixctl-${1##*/}.$BASHPID
  if (umask 077 && cat >"$new") && chmod "$2" "$new" && sync "$new" && mv -T "$new" "$1"; then return 0; fi
  rm -f "$new"
  return 1
}

# Writes the output of a command to a file of root's, unless the file exists.
write_once() { # FILE COMMAND...
  local text
  [ ! -s "$1" ] || return 0
  text=$("${@:2}") && printf '%s\n' "$text" | replace_file "$1" 600
}

random_secret() { head -c 32 /dev/urandom | basenc --base64url | tr -d '=\n'; }

# Whether no file of that name in $LIB is younger than this many minutes.
older_than() { # NAME MINUTES
  [ ! "$(recent_files "$2" $LIB "$1")" ]
}
# Files younger than this many minutes, except those that a wrong clock has dated in the future.
recent_files() { # MINUTES DIRECTORY NAME
  find "$2" -maxdepth 1 -name "$3" -mmin "-$1" ! -newermt '1 minute' 2>/dev/null
}

# A URL without the parts that may be secret: user, password and query.
shown_url() { # FILE-OR-URL
  [[ $1 = *://* ]] || {
    printf '%s\n' "$1"
    return
  }
  local url=${1%%[?#]*}
  local rest=${url#*://}
  local authority=${rest%%/*}
  printf '%s\n' "${url%"$rest"}${authority##*@}${rest#"$authority"}"
}

# --- the journal: journalctl -t matrixctl shows what changed the server

# Without logger, or while the journal hangs, everything else works. The lock stays here.
journal() { # TEXT
  timeout 5 logger -t matrixctl -- "${1//[[:cntrl:]]/ }" &>/dev/null 9>&- || :
}

# From here on the command changes the server: when it ends, unless it is killed, the journal gets a line.
journal_result() { # COMMAND
  RECORD=$1
  trap on_exit EXIT
}

# The trap of such a command, with its clean-up. After a signal, bash ends with the code 0 here.
on_exit() { # [CLEAN-UP...]
  local code=$? why=${WHY:-$STEP}
  [ $code != 0 ] || why=${why:-interrupted}
  if [ "$DONE" = 0 ]; then journal "$RECORD: done"; else journal "$RECORD: failed: ${why:-exit code $code}"; fi
  "$@"
}

# --- the lock

# Opens the lock file. Only root may, because a process that opens it can hold the lock.
open_lock() {
  local before
  before=$(umask)
  umask 077
  exec 9>>$LOCK
  umask "$before"
  chmod 600 $LOCK
}

# The timer's tick and another command exclude each other; a tick is short, so a person's command waits for it. A command
# takes the lock before it changes anything.
lock() {
  open_lock
  flock -w 60 9 || die "another matrixctl is running: $(<$LOCK)"
  write_lock_holder
  journal_result "$WORD"
}

write_lock_holder() { printf '%s, process %s, since %s\n' "$WORD" $$ "$(date -u +%FT%TZ)" >$LOCK; }

# The lock is taken: report it if one command has held it for more than an hour.
report_lock_holder() {
  [ "$(find $LOCK -mmin +60)" ] || return 0
  say "waiting for another matrixctl: $(<$LOCK)"
}
