# shellcheck shell=bash
# --- what was cut short

# $LIB/unfinished names the function from which the next tick continues.
mark_unfinished() { # FUNCTION
  echo "$1" | replace_file "$LIB/unfinished" 600
}
clear_unfinished() { rm -f "$LIB/unfinished" "$LIB/tries"; }

# Refuses commands that would interfere with unfinished work.
refuse_unfinished() {
  [ ! -s "$LIB/unfinished" ] ||
    die "unfinished work ($(<"$LIB/unfinished")) goes on within three minutes; wait for it, and see matrixctl status"
}

# Five tries; then the timer leaves it to a person, and every command works again.
continue_unfinished() {
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
  echo $tries | replace_file "$LIB/tries" 600
  case $word in
    resume | undo | finish_restore | judge_update | rollback | rollback_database) $word ;;
    *) die "$LIB/unfinished names nothing that is known: $word" ;;
  esac
}

# The work for which Synapse was stopped never reached its first change: everything starts as it was.
resume() {
  sql -d postgres -c 'DROP DATABASE IF EXISTS restored' || :
  rm -rf -- "$RESTORED"
  remove_partial_backups
  rm -f $DUMP.part
  start_all || docker ps -q --filter label=com.docker.compose.project=matrix --filter name='^matrix-synapse-1$' | grep . >/dev/null
  clear_unfinished
  say 'started again after what failed or was cut short'
}
undo() {
  restore_image_names
  resume
}

# A first boot that starts with a backup: between the database and Synapse.
boot_begin() {
  local code=0
  compose_matrix up -d --wait db
  confirm_database
  if [ -s "$LIB/unfinished" ]; then
    continue_unfinished
    return
  fi
  has_data || code=$?
  case $code in
    0) ;;
    1) restore_backup "$RESTORE_FROM" ;;
    *) die 'the database does not answer' ;;
  esac
}
