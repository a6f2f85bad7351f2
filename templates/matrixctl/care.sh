# shellcheck shell=bash
# --- what the timer's tick does for backups and unfinished work

continue_or_clean_up() {
  if [ -s "$LIB/unfinished" ]; then
    exec 9>&-
    exec "$0" continue
  fi
  # What a killed command left, once nothing is unfinished.
  [ ! -d $BACKUPS ] || remove_partial_backups
  rm -f $BACKUPS/fetched-???????????????? $BACKUPS/fetched-????????????????.part $DUMP.part
  if [ -d "$RESTORED" ]; then
    rm -rf -- "$RESTORED"
    sql -d postgres -c 'DROP DATABASE IF EXISTS restored' || :
    journal 'tick, removed what a restore left: done'
  fi
}

start_due_backup() {
  backup_due || return 0
  exec 9>&-
  exec "$0" backup
}

# At night, or when the last one is older than a day; an hour after a failed one, the next try.
backup_due() {
  local minutes=1500
  [ "${BACKUP_KEEP-}" ] || return 1
  [ "$(date +%H)" != 03 ] || minutes=180
  [ ! "$(recent_files $minutes $BACKUPS 'matrix-????????-??????.tar.gz')" ] || return 1
  older_than tried 60 || return 1
  touch "$LIB/tried"
}
