# shellcheck shell=bash
# --- what was cut short

# $LIB/unfinished names the function from which the next tick goes on.
unfinished() { # FUNCTION
  echo "$1" | replace "$LIB/unfinished" 600
}
finished() { rm -f "$LIB/unfinished" "$LIB/tries"; }

# Commands that would spoil what goes on are refused.
settled() {
  [ ! -s "$LIB/unfinished" ] ||
    die "unfinished work ($(<"$LIB/unfinished")) goes on within three minutes; wait for it, and see matrixctl status"
}

# Five tries; then the timer leaves it to a person, and every command works again.
go_on() {
  local word tries
  [ -s "$LIB/unfinished" ] || return 0
  word=$(<"$LIB/unfinished")
  RECORD+=" $word"
  tries=$(($(cat "$LIB/tries" 2>/dev/null || echo 0) + 1))
  if [ $tries -gt 5 ]; then
    mv -T "$LIB/unfinished" "$LIB/given-up"
    rm -f "$LIB/tries"
    die "gave up after five tries ($word): matrixctl logs synapse; matrixctl continue tries again; matrixctl up starts what is there; matrixctl restore FILE --force puts a backup of $BACKUPS back"
  fi
  echo $tries | replace "$LIB/tries" 600
  case $word in
    resume | undo | finish_restore | judge_update | rollback | rollback_database) $word ;;
    *) die "$LIB/unfinished names nothing that is known: $word" ;;
  esac
}

# Synapse was stopped for something that did not come to its point: everything starts as it was.
resume() {
  sql -d postgres -c 'DROP DATABASE IF EXISTS restored' || :
  rm -rf -- "$RESTORED"
  remove_partial_backups
  rm -f $DUMP.part
  up || docker ps -q --filter label=com.docker.compose.project=matrix --filter name='^matrix-synapse-1$' | grep . >/dev/null
  finished
  say 'started again after what failed or was cut short'
}
undo() {
  former_images
  resume
}

# A first boot that begins with a backup: between the database and Synapse.
begin() {
  local code=0
  matrix up -d --wait db
  database_answered
  if [ -s "$LIB/unfinished" ]; then
    go_on
    return
  fi
  data || code=$?
  case $code in
    0) ;;
    1) restore "$RESTORE_FROM" ;;
    *) die 'the database does not answer' ;;
  esac
}
