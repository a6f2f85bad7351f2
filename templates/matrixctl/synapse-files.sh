# shellcheck shell=bash
# --- files of Synapse's user

# Runs a command as Synapse's user in Synapse's directory. Through a link that Synapse planted it reaches no more than
# Synapse does. The directory itself lies in one of root's, so its path is safe. The command gets neither the lock's
# descriptor nor root's terminal, into which another user's program could type. Interpreters must not load modules there.
as_synapse() {
  (
    cd "$TREE"
    exec setsid -w setpriv --reuid=991 --regid=991 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@" 9>&-
  )
}
# Another directory while a restore prepares it.
TREE=$DATA

# Prints a file of Synapse's; a pipe or an endless device in its place must not block the caller.
synapse_read() { # NAME
  as_synapse timeout 20 head -c 1000000 -- "$1"
}

# Replaces a file of Synapse's completely, also anything there that is not a regular file.
synapse_write() { # NAME MODE <CONTENT
  # shellcheck disable=SC2016 # for the inner shell
  as_synapse sh -c '
    umask 077
    # Not mktemp: that of uutils needs the whole path, which leads through a directory of root alone during a restore.
    new=.matrixctl-$(tr -dc a-z0-9 </dev/urandom | head -c 8)
    cat >"$new" && chmod "$2" "$new" && sync "$new" || exit
    if [ -L "$1" ] || [ ! -f "$1" ]; then rm -rf -- "$1"; fi
    mv -T -- "$new" "$1"' sh "$1" "$2"
}

# Writes a secret of Synapse's once. A link counts as the file, wherever it leads: a signing key that its owner keeps
# elsewhere must stay.
synapse_write_once() { # NAME COMMAND...
  local text
  # shellcheck disable=SC2016 # for the inner shell
  ! as_synapse sh -c '[ -L "$1" ] || [ -s "$1" ]' sh "$1" || return 0
  text=$("${@:2}") && printf '%s\n' "$text" | synapse_write "$1" 600
}

# The secrets in Synapse's directory.
write_secrets() {
  local name
  synapse_write_once pgpass echo "db:5432:synapse:synapse:$(<"$BASE_DIR/db-password")"
  synapse_write_once "$SERVER_NAME.signing.key" new_signing_key
  for name in macaroon_secret_key form_secret registration_shared_secret; do synapse_write_once $name random_secret; done
}
new_signing_key() { echo "ed25519 a_$RANDOM$RANDOM $(random_secret)"; }

# Whether a file of Synapse's exists, is not empty and is not a link: a link may lead out of Synapse's directory.
synapse_has() { # NAME
  # shellcheck disable=SC2016 # for the inner shell
  as_synapse sh -c '[ ! -L "$1" ] && [ -f "$1" ] && [ -s "$1" ]' sh "$1"
}

# Writes the document's homeserver.yaml, unless the owner has changed the current one since it was written.
install_homeserver() {
  local new=$LIB/homeserver.yaml last=$LIB/homeserver.yaml.written
  [ -s $new ] || die "$new is missing: cloud-init did not write the document's files"
  if [ -s $last ] && synapse_has homeserver.yaml && ! synapse_read homeserver.yaml | cmp -s - $last; then
    cmp -s $new $last || say "homeserver.yaml was changed on this server and stays; the document's is $new"
    return
  fi
  synapse_write homeserver.yaml 644 <$new
  replace_file $last 600 <$new
}

# Sets owners and modes of the deployment.
install_files() {
  find "$BASE_DIR" $LIB -maxdepth 1 -type f -name '.matrixctl-*.[0-9]*' -delete
  install -d -m 755 "$BASE_DIR" "$BASE_DIR/schemas" /root/nginx /data/nginx /data/nginx/user_conf.d /usr/share/element-web
  install -d -m 755 -o 991 -g 991 "$DATA"
  as_synapse find . -maxdepth 1 -type f -name '.matrixctl-????????' -delete
  write_once "$BASE_DIR/db-password" new_db_password
  install_homeserver
  write_secrets
  write_compose_env
}
new_db_password() { if [ "${DB_PASSWORD-}" ]; then printf '%s\n' "$DB_PASSWORD"; else random_secret; fi; }
