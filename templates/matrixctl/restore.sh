# shellcheck shell=bash
# --- restoring a backup

RESTORED=$BASE_DIR/restored

# Whether the server contains more than the first boot creates; 2 when the database does not answer.
has_data() {
  case $(sql -c "SELECT to_regclass('users') IS NULL") in
    t) return 1 ;;
    f) ;;
    *) return 2 ;;
  esac
  case $(sql -v admin="@${ADMIN_USER-}:$SERVER_NAME" <<<"SELECT EXISTS (SELECT FROM users WHERE name <> :'admin' UNION ALL SELECT FROM rooms)") in
    t) ;;
    f) return 1 ;;
    *) return 2 ;;
  esac
}

# Everything is prepared next to the current state: the database `restored` and the directory RESTORED, which only root
# can enter. Then the script writes the record, and finish_restore puts both in place by renaming; it can be repeated
# until it works. Synapse is stopped while the current state is backed up, so the backup lacks no message.
restore_backup() { # FILE-OR-URL [--force]
  local from fetched='' before='' shown mounted
  [ "${1-}" ] || refuse 'restore needs a file or a URL: matrixctl restore FILE-OR-URL [--force]'
  [ ! "${2-}" ] || [ "$2" = --force ] || refuse "unexpected argument $2"
  shown=$(shown_url "$1")
  RECORD+=" $shown${2:+ $2}"
  refuse_unfinished
  # The replaced directory is moved away and deleted; a file system mounted below it would be deleted with it.
  mounted=$(awk -v at="$DATA/" 'index($5 "/", at) == 1 { print $5; exit }' /proc/self/mountinfo)
  [ ! "$mounted" ] || die "$mounted is a file system of its own and cannot be replaced; mount it elsewhere"
  trap 'on_exit rm -rf -- "$RESTORED"' EXIT
  find_backup "$1" "$shown"
  unpack_backup "$from" "$shown"
  compose_matrix up -d --wait db
  if [ "${2-}" = --force ]; then
    require_space_to_restore "$shown"
    back_up_current
  elif has_data || [ $? = 2 ]; then
    die 'there are users or rooms here; with --force they are backed up and replaced'
  fi
  require_space_to_restore "$shown"
  load_database "$RESTORED/database" "$shown"
  forget_remote_media
  keep_own_files
  sync
  mark_unfinished finish_restore
  trap on_exit EXIT
  trap - HUP INT TERM
  finish_restore
  say "restored from $shown${before:+; what was here before: $before}"
}

# Puts the path of the backup into `from`; `fetched` too when it came from a URL.
find_backup() { # FILE-OR-URL SHOWN
  case $1 in
    http://* | https://*) fetch_backup "$1" ;;
    *://*) die "$2 is not a file, http or https" ;;
    *)
      from=$(realpath -m -- "$1")
      [ -s "$from" ] || die "there is no $from; put it there"
      ;;
  esac
}

# Stops Synapse and backs up what the restore replaces; puts the path into `before`.
back_up_current() {
  before=$BACKUPS/before-restore-$(date -u +%Y%m%d-%H%M%S).tar.gz
  install -d -m 0700 $BACKUPS
  require_space_for_backup $BACKUPS
  mark_unfinished resume
  trap 'on_exit resume' EXIT
  trap 'exit 1' HUP INT TERM
  compose_matrix stop synapse
  STEP='backing up what is here'
  (backup_before_restore "$before")
  STEP=''
}

# The server keeps its own version of the files that the document wrote.
keep_own_files() {
  synapse_read homeserver.yaml >"$RESTORED/homeserver.yaml" || cat "$LIB/homeserver.yaml" >"$RESTORED/homeserver.yaml"
  TREE=$RESTORED/files
  synapse_write homeserver.yaml 644 <"$RESTORED/homeserver.yaml"
  as_synapse rm -rf pgpass
  write_secrets
  TREE=$DATA
}

# For a subshell, which has its own trap and its own line in the journal.
backup_before_restore() { # FILE
  RECORD=backup
  write_backup "$1" anyhow
  DONE=0
}

# Downloads a backup from a URL into $BACKUPS and puts its path into `from` and `fetched`. It stays until nothing is
# unfinished, because a signed URL may have expired by the next try. The URL goes to curl's standard input: it may
# contain a signature, and every user of the server can read arguments.
fetch_backup() { # URL
  fetched=$BACKUPS/fetched-$(sha256sum <<<"$1" | cut -c-16)
  from=$fetched
  install -d -m 0700 $BACKUPS
  [ ! -e "$from" ] || return 0
  [[ $1 = https://* ]] || say 'warning: http:// is not encrypted, and a backup holds every secret of the server' >&2
  [[ $1 != *[$'"\\\n\r']* ]] || die 'the URL has characters that no URL has'
  rm -f "$from.part"
  retry 'fetching the backup' fetch_file "$1" "$from.part"
  sync "$from.part"
  mv -T "$from.part" "$from"
}
# curl before 8.4 applies no limit when the server does not send the length.
fetch_file() { # URL FILE
  (keep_reserve $BACKUPS && printf 'url = "%s"\n' "$1" | curl -fsSL --speed-limit 1000 --speed-time 60 -o "$2" -K -)
}

# The unpacked size of an archive; media hardly compress, but a file of zeros does.
unpacked_mb() { # FILE
  gzip -dc -- "$1" 2>/dev/null | wc -c | awk '{ print int($1 / 1048576) }'
}

# Unpacks into RESTORED and checks everything: the checksums, that nothing is unlisted, that there are only files, and
# their owner. Synapse's user unpacks Synapse's files, and so owns them.
unpack_backup() { # FILE SHOWN
  rm -rf -- "$RESTORED"
  mkdir -m 0700 "$RESTORED" "$RESTORED/files"
  chown 991:991 "$RESTORED/files"
  chmod 755 "$RESTORED/files"
  require_space "$RESTORED" $(($(unpacked_mb "$1") + RESERVE)) "to unpack $2"
  if ! tar -C "$RESTORED" --no-same-owner -xzf "$1" SHA256SUMS manifest.json database config ||
    ! TREE=$RESTORED/files as_synapse tar --no-same-owner --strip-components=1 --anchored --exclude=SHA256SUMS \
      --exclude=manifest.json --exclude=database --exclude=config -xzf - <"$1" ||
    [ "$(find "$RESTORED" ! -type f ! -type d -print -quit)" ] ||
    ! (cd "$RESTORED" && sha256sum -c --quiet --strict SHA256SUMS) ||
    [ "$(find "$RESTORED" -type f ! -path "$RESTORED/SHA256SUMS" -printf x | wc -c)" != "$(wc -l <"$RESTORED/SHA256SUMS")" ]; then
    rm -f "$fetched"
    die "$2 is damaged, or there is no room for it"
  fi
  if ! TREE=$RESTORED/files synapse_has "$SERVER_NAME.signing.key"; then
    rm -f "$fetched"
    die "$2 has no signing key of $SERVER_NAME: another key is another server to everybody else"
  fi
  if ! grep -qF "\"server_name\":\"$SERVER_NAME\"" "$RESTORED/manifest.json"; then
    rm -f "$fetched"
    die "$2 is not of $SERVER_NAME"
  fi
}

# Whether the unpacked data fits next to the current data. A database grows when it is loaded, and PostgreSQL stops on a
# full disk.
require_space_to_restore() { # SHOWN
  local files database
  files=$(du -sk "$RESTORED/files" | awk '{ print int($1 / 1024) }')
  database=$(($(du -k "$RESTORED/database" | awk '{ print int($1 / 1024) }') * 8 + 100 + RESERVE))
  [ "$(stat -c %d "$BASE_DIR")" != "$(stat -c %d /var/lib)" ] || database=$((database + files))
  require_space /var/lib $database "to put $1 back"
}

# Loads a dump into the database `restored`, next to the one in use.
load_database() { # DUMP SHOWN
  recreate_database restored
  if ! run docker exec -i matrix-db-1 pg_restore -U synapse --exit-on-error -d restored <"$1"; then
    sql -d postgres -c 'DROP DATABASE restored' || :
    die "the database of $2 cannot be put back"
  fi
  # A marker that stays with the database when it is renamed.
  random_secret | replace_file "$LIB/loaded" 600
  sql -d postgres -v mark="$(<"$LIB/loaded")" <<<"COMMENT ON DATABASE restored IS :'mark'"
}

# The backup lacks the files of other servers' media and of page previews. Synapse inserts the row before it stores the
# file, so it would permanently answer 404 for a row without its file. Quarantined media must stay known.
forget_remote_media() {
  sql -d restored <<'SQL'
BEGIN;
DELETE FROM remote_media_cache WHERE quarantined_by IS NULL;
DELETE FROM remote_media_cache_thumbnails AS t WHERE NOT EXISTS
  (SELECT FROM remote_media_cache AS m WHERE m.media_origin = t.media_origin AND m.media_id = t.media_id);
DELETE FROM local_media_repository_thumbnails AS t USING local_media_repository AS m
  WHERE m.media_id = t.media_id AND m.url_cache IS NOT NULL;
DELETE FROM local_media_repository WHERE url_cache IS NOT NULL;
DELETE FROM local_media_repository_url_cache;
COMMIT;
SQL
}

# Replaces the database in use with the database `restored`. If that is missing, an earlier try has done it, and the one
# in use has the marker.
swap_database() {
  sql -d postgres >/dev/null <<'SQL'
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('synapse', 'restored', 'before') AND pid <> pg_backend_pid();
SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'restored') AS prepared \gset
\if :prepared
DROP DATABASE IF EXISTS before;
BEGIN;
ALTER DATABASE synapse RENAME TO before;
ALTER DATABASE restored RENAME TO synapse;
COMMIT;
\endif
DROP DATABASE IF EXISTS before;
SQL
  [ "$(sql -d postgres -v mark="$(<"$LIB/loaded")" \
    <<<"SELECT shobj_description(oid, 'pg_database') = :'mark' FROM pg_database WHERE datname = 'synapse'")" = t ] ||
    die 'the database that was loaded is gone'
}

# The rest of a restore. Each step takes effect once, however often this starts again.
finish_restore() {
  local password
  compose_matrix up -d --wait db
  # Its container holds the old directory, and must be removed before the directory changes.
  compose_matrix rm -sf synapse
  swap_database
  if [ -d "$RESTORED/files" ]; then
    if [ -e "$DATA" ]; then
      rm -rf -- "$RESTORED/former"
      mv -T -- "$DATA" "$RESTORED/former"
    fi
    mv -T -- "$RESTORED/files" "$DATA"
  fi
  while IFS= read -r -d '' password; do
    install -m 600 -t /root -- "$password"
  done < <(find "$RESTORED/config" -maxdepth 1 -type f \( -name matrix-admin-password -o -name 'matrix-password-*' \) -print0 2>/dev/null)
  if [ -s "$RESTORED/config/local_ca.tar" ] && grep -qxF 'USE_LOCAL_CA=1' /data/nginx/nginx-certbot.env; then
    compose_nginx run -T --rm --no-deps --entrypoint tar nginx -C /etc/letsencrypt -xf - <"$RESTORED/config/local_ca.tar"
  fi
  sync
  rm -rf -- "$RESTORED"
  if [ ! "$BOOT" ]; then
    mark_unfinished resume
    start_all || die 'not healthy after the restore: matrixctl logs synapse'
  fi
  clear_unfinished
}
