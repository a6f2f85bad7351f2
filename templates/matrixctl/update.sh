# shellcheck shell=bash
# --- updates

DUMP=$BACKUPS/before-update.dump

# New images start only with a rollback prepared: the names' former images, and a dump of the database. Files need none: a
# new Synapse adds media and changes none. Without new images nothing stops. If the new ones do not become healthy, the
# former images return, and the database too if Synapse does not become healthy with it.
update_images() {
  local images
  refuse_unfinished
  install -d -m 0700 $BACKUPS
  measure_database
  require_space $BACKUPS $((2 * DATABASE_MB + RESERVE)) 'for the dump of the database'
  images=$(images_mb)
  require_space /var/lib $((images + RESERVE)) 'for new images'
  container_images '{{.Image}} {{.Config.Image}}' | replace_file "$LIB/images" 600
  [ -s "$LIB/images" ] || die 'nothing runs here: matrixctl up'
  if get / >/dev/null; then touch "$LIB/answered"; else rm -f "$LIB/answered"; fi
  mark_unfinished undo
  trap 'on_exit undo' EXIT
  trap 'exit 1' HUP INT TERM
  compose_both pull
  if ! has_new_images; then
    trap on_exit EXIT
    trap - HUP INT TERM
    clear_unfinished
    RECORD+=', no new images'
    say 'no new images'
    return
  fi
  compose_matrix stop synapse
  (umask 077 && dump_database $DUMP.part)
  mv -T $DUMP.part $DUMP
  sync $BACKUPS
  pulled_images | replace_file "$LIB/pulled" 600
  mark_unfinished judge_update
  trap on_exit EXIT
  trap - HUP INT TERM
  judge_update
}

image_id() { docker image inspect -f '{{.Id}}' "$1" 2>/dev/null; } # NAME

# The size of the running images.
images_mb() {
  container_images '{{.Image}}' | sort -u | xargs -r docker image inspect -f '{{.Size}}' | awk '{ sum += $1 } END { print int(sum / 1048576) }'
}

# The images that the names of the running images lead to now, in the form of $LIB/images.
pulled_images() {
  local id name
  while read -r id name; do
    if id=$(image_id "$name"); then echo "$id $name"; fi
  done <"$LIB/images"
}

# Removes images of such a list whose names lead to others now; Docker keeps those that a container uses.
remove_images() { # FILE
  local id name
  while read -r id name; do
    [ "$(image_id "$name")" = "$id" ] || run docker image rm "$id" || :
  done <"$1"
}

# Whether a name leads to another image than its container was made from.
has_new_images() {
  local id name
  while read -r id name; do
    [ "$(image_id "$name")" = "$id" ] || return 0
  done <"$LIB/images"
  return 1
}

restore_image_names() {
  local id name
  while read -r id name; do docker tag "$id" "$name" || :; done <"$LIB/images"
}

judge_update() {
  if start_all && { [ ! -e "$LIB/answered" ] || get / >/dev/null; }; then
    clear_unfinished
    remove_images "$LIB/images"
    say 'updated'
  else
    mark_unfinished rollback
    rollback
  fi
}

rollback() {
  restore_image_names
  if ! start_all && ! health; then
    compose_matrix stop synapse
    load_database $DUMP 'the dump before the update'
    mark_unfinished rollback_database
    rollback_database
  fi
  clear_unfinished
  remove_images "$LIB/pulled"
  die 'the new images do not become healthy; the former images run again'
}

rollback_database() {
  restore_image_names
  compose_matrix up -d --wait db
  compose_matrix stop synapse
  swap_database
  start_all || die 'not healthy after the rollback: matrixctl logs synapse'
  clear_unfinished
  remove_images "$LIB/pulled"
  die 'the new images do not become healthy; the former images and database run again'
}
