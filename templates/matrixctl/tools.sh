#!/bin/bash
# shellcheck disable=SC2034,SC2154 # variables shared with matrixctl, which reads this file
# The part of matrixctl that looks after a running server: doctor, backup, restore and update. matrixctl reads it; it is a
# file of its own because a provider with little room gets a document without it.
BACKUPS=/var/backups/matrix

. "$MODULES/backup.sh"
. "$MODULES/restore.sh"
. "$MODULES/update.sh"
. "$MODULES/unfinished.sh"
. "$MODULES/care.sh"
. "$MODULES/doctor.sh"

tools() { # COMMAND [WORD...]
  case $1 in
    doctor) "$@" ;;
    backup)
      at_most 2 "$@"
      [[ ${2-} != -* && ${2-} != *://* ]] || die "unexpected argument $2; matrixctl help"
      lock && "$@"
      ;;
    restore) at_most 3 "$@" && lock && "$@" ;;
    update) at_most 1 "$@" && lock && update ;;
    # What $LIB/unfinished names; for the timer, and for a person after it was given up.
    continue)
      lock
      [ ! -s "$LIB/given-up" ] || [ -s "$LIB/unfinished" ] || mv -T "$LIB/given-up" "$LIB/unfinished"
      go_on
      ;;
    *) die "unknown command $1; matrixctl help" ;;
  esac
}
