# shellcheck shell=bash
# --- commands that call Docker and change nothing else

# The only list of these words, together with list_operations.
list_commands() {
  cat <<'COMMANDS'
help|[COMMAND]|user|changes nothing; shows these words
up|||starts the containers; waits until all are healthy
down|||removes the containers; keeps all data
restart|||restarts the containers
status|||changes nothing; shows containers and state
logs|[SERVICE]|synapse|changes nothing; shows the last log lines
pull|||fetches new images; up starts them
clean|||removes unused Docker data
user|NAME [--admin]|alice --admin|creates a user; password in /root/matrix-password-NAME
password|NAME|alice|sets a new password, in the same file; restarts Synapse
token|||creates a registration token for one account
tls|retry|retry|orders a certificate now
COMMANDS
}

cmd_help() { # [COMMAND]
  local name arguments example effect known=''
  max_arguments 1 "$@"
  [ "${1-}" ] || echo 'matrixctl COMMAND, as root on the Matrix server; matrixctl help COMMAND tells more:'
  while IFS='|' read -r name arguments example effect; do
    if [ ! "${1-}" ]; then
      printf '  %-37s %s\n' "$name${arguments:+ $arguments}" "$effect"
    elif [ "$1" = "$name" ]; then
      known=1
      printf '%s\n' "usage: matrixctl $name${arguments:+ $arguments}" \
        "example: matrixctl $name${example:+ $example}" "effect: $effect"
    fi
  done < <(list_commands && list_operations)
  [ ! "${1-}" ] || [ "$known" ] || die "no help on $1; matrixctl help"
}

# Refuses more arguments than a command accepts.
max_arguments() { # NUMBER ARGUMENT...
  [ $# -le $(($1 + 1)) ] || die "unexpected argument ${*:$1+2:1}; matrixctl help"
}

# For a command that must not run while work is unfinished.
lock_to_change() {
  lock
  refuse_unfinished
}

cmd_up() {
  max_arguments 0 "$@"
  lock_to_change
  start_all
}

cmd_down() {
  max_arguments 0 "$@"
  lock_to_change
  compose_both down
}

cmd_restart() {
  max_arguments 0 "$@"
  lock_to_change
  compose_both restart
}

cmd_status() {
  max_arguments 0 "$@"
  compose_both ps -a
  cat $LIB/state.json
}

cmd_logs() { # [SERVICE]
  max_arguments 1 "$@"
  if [ "${1-}" = nginx ]; then compose_nginx logs -n 99; else compose_matrix logs -n 99 ${1:+"$1"}; fi
}

cmd_pull() {
  max_arguments 0 "$@"
  lock_to_change
  compose_both pull
}

cmd_clean() {
  max_arguments 0 "$@"
  lock_to_change
  run docker builder prune -f
  run docker system prune -f
}
