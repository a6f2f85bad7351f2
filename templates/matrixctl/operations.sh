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

operations_commands() {
  cat <<'COMMANDS'
doctor|[--json] [--list] [--only CHECK]|--only certificate|changes nothing; checks the server and names what to do
update|||fetches and starts new images; rolls back when they fail
backup|[FILE]|/root/matrix.tar.gz|writes a backup, by default to /var/backups/matrix
restore|FILE-OR-URL [--force]|/root/matrix.tar.gz|puts a backup back; --force backs up and replaces what is here
continue|||tries unfinished work again
COMMANDS
}
