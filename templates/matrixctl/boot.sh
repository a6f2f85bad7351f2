# shellcheck shell=bash
# --- the first boot

# A power cut can leave a database directory half made, which looks whole to Docker. It is removed only when all three
# hold: Docker said that there was no such volume before this first boot, the database has never answered, and this is
# not the run that noted so. Images that a power cut left half unpacked look whole as well.
new_database() {
  local volumes boot_id
  if [ -e $LIB/database ] || [ -e $READY ] || [ -s $LIB/unfinished ]; then return; fi
  boot_id=$(</proc/sys/kernel/random/boot_id)
  volumes=$(docker volume ls -q) || die 'Docker does not list its volumes'
  if [ -s $LIB/new-database ]; then
    if [ "$(<$LIB/new-database)" = "$boot_id" ]; then both down; else both down --rmi all; fi
    ! grep -qx matrix_postgres-data <<<"$volumes" || run docker volume rm matrix_postgres-data
  elif grep -qx matrix_postgres-data <<<"$volumes"; then
    return
  fi
  echo "$boot_id" | replace $LIB/new-database 600
}
# Notes that the database has answered; from then on nothing here removes it.
database_answered() {
  case $(locale) in
    UTF8CC) ;;
    '') die 'the database does not answer' ;;
    *) die 'the database is not UTF8, C, C' ;;
  esac
  [ -e $LIB/database ] || date -u +%FT%TZ | replace $LIB/database 600
  rm -f $LIB/new-database
}

# Synapse makes its tables in many transactions. One that was cut short in them ends at once, at each later start, and no
# version of the schema is noted: nobody has ever used that database, and it begins again.
half_made_tables() {
  [ "$(timeout 20 docker inspect -f '{{.RestartCount}}' matrix-synapse-1)" != 0 ] &&
    [ "$(sql -c "SELECT to_regclass('public.background_updates') IS NOT NULL AND NOT EXISTS (SELECT FROM public.schema_version)")" = t ]
}
begin_tables_again() {
  say "Synapse's tables are half made: they are made again"
  matrix stop synapse
  sql -d postgres -c 'DROP DATABASE synapse' \
    -c "CREATE DATABASE synapse ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
  matrix start synapse
}

locale() { sql -c "SELECT pg_encoding_to_char(encoding)||datcollate||datctype FROM pg_database WHERE datname='synapse'"; }

boot() { # STEP [WORD...]
  local end=$((SECONDS + HEALTH_TIMEOUT)) told=0 now enabled
  BOOT=1
  case $1 in
    end | busy) ;;
    *) record "boot $1" ;;
  esac
  case $1 in
    prepare)
      units 9>&- &
      enabled=$!
      state preparing
      preflight
      docker_install "${@:2}"
      firewall_open
      files
      start_interval
      metadata_guard
      no_way_out | sed 's/^/gen-cloudinit: /'
      echo "$SERVER_NAME:$BASE_DIR" | replace $LIB/server 644
      new_database
      wait $enabled || die 'the timer cannot be enabled'
      state pulling
      ;;
    pull | begin | busy) "$@" ;;
    # The certificate is ordered while the database and Synapse start.
    proxy)
      pull "$2"
      no_ipv6 nginx
      nginx up -d
      # The container's start was an order.
      touch $LIB/order
      ;;
    files) files ;;
    wait)
      state starting
      sync
      database_answered
      until health; do
        [ $SECONDS -lt $end ] || die "Synapse is not healthy after $HEALTH_TIMEOUT s"
        if [ $SECONDS -ge $told ]; then
          now=$(docker ps -a --filter label=com.docker.compose.project=matrix --format '{{.Names}} {{.Status}}' | paste -sd ,)
          [[ $now != *Exited* ]] || die "$now"
          if [[ $now = *Restarting* ]] && half_made_tables; then begin_tables_again; fi
          say "waiting for Synapse, $((end - SECONDS)) s left: $now"
          told=$((SECONDS + 5))
        fi
        sleep 0.2
      done
      no_ipv6 element
      ;;
    ready)
      [ ! "${ADMIN_USER-}" ] || user "$ADMIN_USER" --admin /root/matrix-admin-password
      https
      sync
      touch $READY
      state ready >/dev/null
      tls '' || :
      say "ready: https://$DOMAIN/"
      ;;
    end)
      [ "$2" != 0 ] || exit 0
      # What is still in the background would be in the way of the next try.
      [ $# = 2 ] || kill "${@:3}" 2>/dev/null || :
      if both ps -a; then both logs --no-color --tail 15; fi
      [ "$(fact phase)" = failed ] || state failed 'see journalctl'
      say "failed: $(fact error); the next try is within three minutes"
      ;;
  esac
}

# After a reboot cloud-init does all of it again until it is done (src/server/first-boot.ts); the timer is for all else.
units() {
  local unit=/etc/systemd/system/matrix
  replace $unit.service 644 <<UNIT
[Unit]
After=cloud-final.service
[Service]
Type=oneshot
StandardOutput=journal+console
TimeoutStartSec=1d
ExecStart=/usr/local/sbin/matrixctl tick
UNIT
  replace $unit.timer 644 <<UNIT
[Timer]
OnCalendar=*:0/3
[Install]
WantedBy=timers.target
UNIT
  replace $unit-guard.service 644 <<UNIT
[Unit]
Before=docker.service
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/matrixctl guard
[Install]
WantedBy=docker.service
UNIT
  systemctl daemon-reload
  systemctl -q enable matrix-guard.service matrix.timer
  systemctl start matrix.timer
}
