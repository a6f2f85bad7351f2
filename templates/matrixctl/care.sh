# shellcheck shell=bash
# --- what the timer's tick does for backups and unfinished work

operations_tick() { # before|after
  if [ "$1" = after ]; then
    backup_due || return 0
    exec 9>&-
    exec "$0" backup
  fi
  if [ -s "$LIB/unfinished" ]; then
    exec 9>&-
    exec "$0" continue
  fi
  # What a killed command left, now that nothing is unfinished.
  [ ! -d $BACKUPS ] || remove_partial_backups
  rm -f $BACKUPS/fetched-???????????????? $BACKUPS/fetched-????????????????.part $DUMP.part
  if [ -d "$RESTORED" ]; then
    rm -rf -- "$RESTORED"
    sql -d postgres -c 'DROP DATABASE IF EXISTS restored' || :
    journal 'tick, removed what a restore left: done'
  fi
}

# At night, or when the last one is older than a day; one that fails is tried again after an hour.
backup_due() {
  local minutes=1500
  [ "${BACKUP_KEEP-}" ] || return 1
  [ "$(date +%H)" != 03 ] || minutes=180
  [ ! "$(recent $minutes $BACKUPS 'matrix-????????-??????.tar.gz')" ] || return 1
  old tried 60 || return 1
  touch "$LIB/tried"
}
