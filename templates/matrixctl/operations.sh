# shellcheck shell=bash
# --- doctor, backup, restore and update, which a document without room omits

BACKUPS=/var/backups/matrix

. "$MODULES/backup.sh"
. "$MODULES/restore.sh"
. "$MODULES/update.sh"
. "$MODULES/unfinished.sh"
. "$MODULES/care.sh"
. "$MODULES/doctor.sh"

unknown_command() { # WORD
  die "unknown command $1; matrixctl help"
}

cmd_backup() { # [FILE]
  max_arguments 1 "$@"
  [[ ${1-} != -* && ${1-} != *://* ]] || die "unexpected argument $1; matrixctl help"
  lock
  write_backup "$@"
}

cmd_restore() { # FILE-OR-URL [--force]
  max_arguments 2 "$@"
  lock
  restore_backup "$@"
}

cmd_update() {
  max_arguments 0 "$@"
  lock
  update_images
}

# Continues what $LIB/unfinished names: for the timer, and for a person after five failed tries.
cmd_continue() {
  lock
  [ ! -s "$LIB/given-up" ] || [ -s "$LIB/unfinished" ] || mv -T "$LIB/given-up" "$LIB/unfinished"
  continue_unfinished
}

list_operations() {
  cat <<'COMMANDS'
doctor|[--json] [--list] [--only CHECK]|--only certificate|changes nothing; checks the server and names what to do
update|||fetches and starts new images; rolls back when they fail
backup|[FILE]|/root/matrix.tar.gz|writes a backup, by default to /var/backups/matrix
restore|FILE-OR-URL [--force]|/root/matrix.tar.gz|puts a backup back; --force backs up and replaces what is here
continue|||tries unfinished work again
COMMANDS
}
