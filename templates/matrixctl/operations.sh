# shellcheck shell=bash
# --- what looks after a running server: doctor, backup, restore and update

BACKUPS=/var/backups/matrix

. "$MODULES/backup.sh"
. "$MODULES/restore.sh"
. "$MODULES/update.sh"
. "$MODULES/unfinished.sh"
. "$MODULES/care.sh"
. "$MODULES/doctor.sh"

operations() { # COMMAND [WORD...]
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
