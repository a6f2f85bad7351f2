#!/bin/bash
# Entrypoint of the lab's postgres:15-alpine: the published image's contract (docker-library/postgres) around a real
# PostgreSQL 15, from Debian. Kept: uid and gid 70; PGDATA; POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB and
# POSTGRES_INITDB_ARGS, each also as NAME_FILE; POSTGRES_INITDB_WALDIR; POSTGRES_HOST_AUTH_METHOD; all of it only for an
# empty data directory; /docker-entrypoint-initdb.d; and the temporary server of the first start, which listens on the
# unix socket alone, so that pg_isready without -h says "ready" too early.
#
# Where the lab differs: Debian's glibc instead of musl, so the only locales are C, POSIX and C.UTF-8, and LANG is
# C.UTF-8 where the published image has en_US.utf8 (Synapse refuses either as a collation).
set -euo pipefail

die() {
  echo "$*" >&2
  exit 1
}

# Takes a setting from VAR or from the file that VAR_FILE names; both at once are a mistake.
setting() {
  local name=$1 file_name=$1_FILE default=${2-}
  if [[ -n ${!name-} && -n ${!file_name-} ]]; then
    die "both $name and $file_name are set"
  fi
  if [[ -n ${!file_name-} ]]; then
    printf -v "$name" '%s' "$(<"${!file_name}")"
  else
    printf -v "$name" '%s' "${!name-$default}"
  fi
  unset "$file_name"
  export "${name?}"
}

initialise() {
  local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256} waldir=()
  [[ -n $POSTGRES_PASSWORD || $method == trust ]] ||
    die 'an empty database needs POSTGRES_PASSWORD (or POSTGRES_HOST_AUTH_METHOD=trust)'
  # shellcheck disable=SC2034 # used in the eval
  [[ -z ${POSTGRES_INITDB_WALDIR-} ]] || waldir=(--waldir "$POSTGRES_INITDB_WALDIR")
  # The arguments are shell words, as in the published image.
  eval "initdb --username=\"\$POSTGRES_USER\" --pwfile=<(printf '%s\n' \"\$POSTGRES_PASSWORD\") \
    \"\${waldir[@]}\" $POSTGRES_INITDB_ARGS"
  # The published image has this in initdb's sample already.
  printf "\nlisten_addresses = '*'\n" >>"$PGDATA/postgresql.conf"
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

query() {
  psql --no-psqlrc --set ON_ERROR_STOP=1 --no-password --username "$POSTGRES_USER" "$@"
}

first_start() {
  local file
  initialise
  PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p ${PGPORT:-5432}" -w start
  if [[ $POSTGRES_DB != postgres ]]; then
    query --dbname postgres --set "db=$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
  fi
  for file in /docker-entrypoint-initdb.d/*; do
    # shellcheck source=/dev/null
    case $file in
      *.sh) if [[ -x $file ]]; then "$file"; else . "$file"; fi ;;
      *.sql) query --dbname "$POSTGRES_DB" --file "$file" ;;
      *.sql.gz) gunzip -c "$file" | query --dbname "$POSTGRES_DB" ;;
    esac
  done
  PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -m fast -w stop
}

[[ ${1-} != -* ]] || set -- postgres "$@"

if [[ $1 == postgres ]]; then
  # Read as root, before the user changes: a secret's file may be root's alone.
  setting POSTGRES_PASSWORD
  setting POSTGRES_USER postgres
  setting POSTGRES_DB "$POSTGRES_USER"
  setting POSTGRES_INITDB_ARGS
  if [[ $(id -u) == 0 ]]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chmod 0700 "$PGDATA"
    chmod 3775 /var/run/postgresql
    find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres '{}' +
    exec gosu postgres "$0" "$@"
  fi
  if [[ ! -s $PGDATA/PG_VERSION ]]; then
    export PGPASSWORD=$POSTGRES_PASSWORD
    first_start
    unset PGPASSWORD
    echo 'PostgreSQL init process complete; ready for start up.'
  else
    echo 'PostgreSQL Database directory appears to contain a database; Skipping initialization'
  fi
fi
exec "$@"
