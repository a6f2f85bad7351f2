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
# Why the command failed; for its trap.
WHY=''
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

usage() {
  cat <<USAGE
matrixctl COMMAND, as root on the Matrix server:
  up | down | restart           start, stop or restart everything
  status | logs [SERVICE]       containers and state; the last log lines
  pull | clean                  fetch new images; remove unused Docker data
  user NAME [--admin]           create a user
  password NAME                 set a new password; restarts Synapse
  token                         create a registration token for one account
  tls retry                     order a certificate now
  doctor [--json]               check the server and name what to do
  update                        fetch and start new images; roll back when they fail
  backup [FILE]                 write a backup, by default to /var/backups/matrix
  restore FILE-OR-URL [--force] put a backup back
USAGE
}

# Refuses further words than so many.
at_most() { # NUMBER WORD...
  [ $# -le $(($1 + 1)) ] || die "unexpected argument ${*:$1+2:1}; matrixctl help"
}

case ${2-} in
  -h | --help)
    usage
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
  '' | help | -h | --help) usage ;;
  *) operations "$@" ;;
esac
