#!/bin/bash
# shellcheck disable=SC2034,SC2119,SC2120 # some variables and arguments are for modules
# Operates the Matrix server. `boot STEP` holds the steps of the first boot, as runcmd calls them; the other commands
# are for people and for the timer. Any command may be killed at any moment: what it leaves is either the server as it
# was, or a note in $LIB/unfinished from which the next tick of the timer goes on.
#
# Synapse's user (991) owns everything below $DATA and can turn any path there into a link at any moment. So root opens,
# writes, moves and deletes nothing below $DATA: as_synapse does that, with the rights of Synapse itself.
set -euo pipefail
# shellcheck source=/dev/null
. /etc/gen-cloudinit.env
export HOME=/root DEBIAN_FRONTEND=noninteractive

LIB=/var/lib/gen-cloudinit
DATA=$BASE_DIR/files
MATRIX=$BASE_DIR/docker-compose.yml
NGINX=/root/nginx/compose.yml
INSTANCE=/var/lib/cloud/instance
READY=$LIB/ready
LOCK=/run/matrix.lock
# Not empty during the first boot, where failures go to the state file.
BOOT=''
# Why the command failed, and what it was doing then; for its trap.
WHY=''
STEP=''
# What the journal calls the command, and 0 once it is done.
RECORD=''
DONE=''
WORD=${1-}

mkdir -p $LIB/facts

. "$MODULES/lib.sh"
. "$MODULES/state.sh"
. "$MODULES/synapse-files.sh"
. "$MODULES/downloads.sh"
. "$MODULES/preflight.sh"
. "$MODULES/docker.sh"
. "$MODULES/network.sh"
. "$MODULES/firewall.sh"
. "$MODULES/boot.sh"
. "$MODULES/certificates.sh"
. "$MODULES/users.sh"
. "$MODULES/tick.sh"

# A document with little room has core.sh here.
. "$MODULES/operations.sh"

# The only place of these words, with operations_commands.
help() { # [COMMAND]
  local name arguments example effect known=''
  [ "${1-}" ] || echo 'matrixctl COMMAND, as root on the Matrix server; matrixctl help COMMAND tells more:'
  while IFS='|' read -r name arguments example effect; do
    if [ ! "${1-}" ]; then
      printf '  %-37s %s\n' "$name${arguments:+ $arguments}" "$effect"
    elif [ "$1" = "$name" ]; then
      known=1
      printf '%s\n' "usage: matrixctl $name${arguments:+ $arguments}" \
        "example: matrixctl $name${example:+ $example}" "effect: $effect"
    fi
  done < <(commands && operations_commands)
  [ ! "${1-}" ] || [ "$known" ] || die "no help on $1; matrixctl help"
}

commands() {
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

# Refuses further words than so many.
at_most() { # NUMBER WORD...
  [ $# -le $(($1 + 1)) ] || die "unexpected argument ${*:$1+2:1}; matrixctl help"
}

case " ${*:2} " in
  *' -h '* | *' --help '*)
    help "$1"
    exit
    ;;
esac
case ${1-} in
  boot | tick) "$@" ;;
  guard) metadata_guard ;;
  status) at_most 1 "$@" && both ps -a && cat $LIB/state.json ;;
  logs) at_most 2 "$@" && logs "${2-}" ;;
  up) at_most 1 "$@" && lock && settled && up ;;
  down | restart | pull) at_most 1 "$@" && lock && settled && both "$1" ;;
  clean) at_most 1 "$@" && lock && settled && clean ;;
  user) at_most 3 "$@" && lock && settled && user "${@:2}" ;;
  password) at_most 2 "$@" && lock && settled && password "${2-}" ;;
  token) at_most 1 "$@" && lock && settled && token ;;
  tls)
    [ "${*:2}" = retry ] || die 'the command is: matrixctl tls retry'
    tls retry
    ;;
  help) at_most 2 "$@" && help "${2-}" ;;
  '' | -h | --help) help ;;
  *) operations "$@" ;;
esac
# A command that failed does not come here, but one whose conditions above do not hold does.
DONE=$?
[ $DONE = 0 ]
