# shellcheck shell=bash
# --- accounts

require_user_name() { # NAME
  [[ $1 =~ ^[a-z0-9][a-z0-9._=-]{0,63}$ ]] || refuse "a user name has a-z, 0-9 and . _ = - alone: '$1'"
}
user_exists() { # NAME
  sql -v user="@$1:$SERVER_NAME" <<<"SELECT 1 FROM users WHERE name = :'user'"
}

cmd_user() { # NAME [--admin]
  max_arguments 2 "$@"
  lock_to_change
  create_user "$@"
}

create_user() { # NAME [--admin] [PASSWORD-FILE]
  local name=${1-} kind=${2:---no-admin} file=${3-}
  require_user_name "$name"
  [[ $kind = --admin || $kind = --no-admin ]] || refuse "unexpected argument $kind"
  RECORD+=" $name $kind"
  [ "$file" ] || file=/root/matrix-password-$name
  if [ "$(user_exists "$name")" ]; then
    [ "$BOOT" ] || die "@$name is there already; matrixctl password $name sets a new password"
  else
    write_once "$file" random_secret
    run docker exec -i matrix-synapse-1 register_new_matrix_user -c /data/homeserver.yaml -u "$name" "$kind" \
      --password-file /dev/stdin http://127.0.0.1:8008 <"$file"
  fi
  [ ! -s "$file" ] || say "@$name:$SERVER_NAME, password in $file"
}

cmd_password() { # NAME
  max_arguments 1 "$@"
  lock_to_change
  set_password "${1-}"
}

# A user who has forgotten the password gets a new one. It goes into the database, and Synapse restarts, because it caches
# the former one for a while. Sessions stay, because encrypted messages are lost with the last session.
set_password() { # NAME
  local name=${1-} file secret hash
  require_user_name "$name"
  [ "$(user_exists "$name")" ] || refuse "there is no @$name:$SERVER_NAME; matrixctl user $name makes it"
  RECORD+=" $name"
  file=/root/matrix-password-$name
  secret=$(random_secret)
  # shellcheck disable=SC2016 # dollars of the hash
  hash=$(printf '%s\n%s\n' "$secret" "$secret" |
    docker exec -i matrix-synapse-1 hash_password -c /data/homeserver.yaml 2>/dev/null | grep -oE '\$2[aby]\$[0-9]+\$[./A-Za-z0-9]{53}') ||
    die 'Synapse does not answer: matrixctl up'
  sql -v user="@$name:$SERVER_NAME" -v hash="$hash" <<<"UPDATE users SET password_hash = :'hash' WHERE name = :'user'"
  printf '%s\n' "$secret" | replace_file "$file" 600
  compose_matrix restart synapse
  compose_matrix up -d --wait --wait-timeout "$HEALTH_TIMEOUT" synapse
  say "@$name:$SERVER_NAME, new password in $file"
}

cmd_token() {
  max_arguments 0 "$@"
  lock_to_change
  create_token
}

# The database generates the token: every user of the server could read it in an argument of a command. Three random
# UUIDs have more than the 256 bits that are kept. Apps without a registration page (Element X) sign in afterwards.
create_token() {
  sql -c "INSERT INTO registration_tokens VALUES (encode(sha256(convert_to(
    gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex'), 1, 0, 0, NULL)
    RETURNING token"
  say "this token is for one account: open https://$DOMAIN/#/register in a browser, and enter it there" >&2
}
