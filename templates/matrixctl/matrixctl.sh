#!/bin/bash
# shellcheck disable=SC2034,SC2119,SC2120 # some variables and arguments are for modules
# Operates the Matrix server. The command WORD is the function cmd_WORD. `boot STEP` runs the steps of the first boot for
# runcmd; the other commands are for people and for the timer. Any command may be killed at any moment: it leaves either
# the server as it was, or a record in $LIB/unfinished from which the next tick of the timer continues.
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
# Why the command failed, and what it was doing; for its trap.
WHY=''
STEP=''
# The command's name in the journal, and 0 once it is done.
RECORD=''
DONE=''
WORD=${1-}

mkdir -p $LIB/facts

. "$MODULES/lib.sh"
. "$MODULES/commands.sh"
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

# A document with little room includes core.sh here.
. "$MODULES/operations.sh"

# Calls the function of a command. Each one checks its own arguments, takes the lock before it changes anything, and
# returns a code other than 0 when it fails.
dispatch() { # [WORD [ARGUMENT...]]
  case " ${*:2} " in
    *' -h '* | *' --help '*)
      cmd_help "$1"
      return
      ;;
  esac
  case ${1-} in
    '' | -h | --help)
      cmd_help
      return
      ;;
  esac
  declare -F "cmd_$1" >/dev/null || unknown_command "$1"
  "cmd_$1" "${@:2}"
}

dispatch "$@"
DONE=0
