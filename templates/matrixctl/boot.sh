# shellcheck shell=bash
# --- the first boot

# A power cut can leave an incomplete database directory, which looks complete to Docker. The script removes it only under
# three conditions: Docker knew no such volume before this first boot, the database has never answered, and another run
# recorded that. Images that a power cut left incompletely unpacked look complete as well.
prepare_new_database() {
  local volumes boot_id
  if [ -e $LIB/database ] || [ -e $READY ] || [ -s $LIB/unfinished ]; then return; fi
  boot_id=$(</proc/sys/kernel/random/boot_id)
  volumes=$(docker volume ls -q) || die 'Docker does not list its volumes'
  if [ -s $LIB/new-database ]; then
    if [ "$(<$LIB/new-database)" = "$boot_id" ]; then compose_both down; else compose_both down --rmi all; fi
    ! grep -qx matrix_postgres-data <<<"$volumes" || run docker volume rm matrix_postgres-data
  elif grep -qx matrix_postgres-data <<<"$volumes"; then
    return
  fi
  echo "$boot_id" | replace_file $LIB/new-database 600
}
# Records that the database has answered; from then on nothing here removes it.
confirm_database() {
  case $(database_locale) in
    UTF8CC) ;;
    '') die 'the database does not answer' ;;
    *) die 'the database is not UTF8, C, C' ;;
  esac
  [ -e $LIB/database ] || date -u +%FT%TZ | replace_file $LIB/database 600
  rm -f $LIB/new-database
}

# Synapse makes its tables in many transactions. If it is cut short, every later start ends at once, and the database has
# no schema version. Such a database was never in use, so it starts again from empty.
tables_incomplete() {
  [ "$(timeout 20 docker inspect -f '{{.RestartCount}}' matrix-synapse-1)" != 0 ] &&
    [ "$(sql -c "SELECT to_regclass('public.background_updates') IS NOT NULL AND NOT EXISTS (SELECT FROM public.schema_version)")" = t ]
}
recreate_tables() {
  say "Synapse's tables are half made: they are made again"
  compose_matrix stop synapse
  recreate_database synapse
  compose_matrix start synapse
}

database_locale() { sql -c "SELECT pg_encoding_to_char(encoding)||datcollate||datctype FROM pg_database WHERE datname='synapse'"; }

# Each step of the first boot is a function boot_STEP, which dies with the reason.
cmd_boot() { # STEP [WORD...]
  BOOT=1
  case $1 in
    end | busy) ;;
    *) journal_result "boot $1" ;;
  esac
  "boot_$1" "${@:2}"
}

boot_prepare() { # PACKAGE...
  local units
  install_units 9>&- &
  units=$!
  set_phase preparing
  preflight
  install_docker "$@"
  open_firewall
  install_files
  drop_start_interval
  block_metadata
  outbound_problem | sed 's/^/gen-cloudinit: /'
  echo "$SERVER_NAME:$BASE_DIR" | replace_file $LIB/server 644
  prepare_new_database
  wait $units || die 'the timer cannot be enabled'
  set_phase pulling
}

boot_files() { install_files; }
boot_pull() { pull_images "$@"; } # IMAGE...

# nginx orders the certificate when its container starts, while the database and Synapse start.
boot_proxy() { # IMAGE
  pull_images "$1"
  listen_on_ipv4 nginx
  compose_nginx up -d
  touch $LIB/order
}

boot_wait() {
  local end=$((SECONDS + HEALTH_TIMEOUT)) told=0 now
  set_phase starting
  sync
  confirm_database
  until health; do
    [ $SECONDS -lt $end ] || die "Synapse is not healthy after $HEALTH_TIMEOUT s"
    if [ $SECONDS -ge $told ]; then
      now=$(docker ps -a --filter label=com.docker.compose.project=matrix --format '{{.Names}} {{.Status}}' | paste -sd ,)
      [[ $now != *Exited* ]] || die "$now"
      if [[ $now = *Restarting* ]] && tables_incomplete; then recreate_tables; fi
      say "waiting for Synapse, $((end - SECONDS)) s left: $now"
      told=$((SECONDS + 5))
    fi
    sleep 0.2
  done
  listen_on_ipv4 element
}

boot_ready() {
  [ ! "${ADMIN_USER-}" ] || create_user "$ADMIN_USER" --admin /root/matrix-admin-password
  wait_for_https
  sync
  touch $READY
  set_phase ready >/dev/null
  renew_certificate '' || :
  say "ready: https://$DOMAIN/"
}

# Remaining background processes would block the next try.
boot_end() { # EXIT-CODE [PROCESS...]
  [ "$1" != 0 ] || exit 0
  [ $# = 1 ] || kill "${@:2}" 2>/dev/null || :
  if compose_both ps -a; then compose_both logs --no-color --tail 15; fi
  [ "$(get_fact phase)" = failed ] || set_phase failed 'see journalctl'
  say "failed: $(get_fact error); the next try is within three minutes"
}

boot_busy() { report_lock_holder; }

# After a reboot cloud-init repeats the first boot until it is done (src/server/first-boot.ts); the timer handles the rest.
install_units() {
  local unit=/etc/systemd/system/matrix
  replace_file $unit.service 644 <<UNIT
[Unit]
After=cloud-final.service
[Service]
Type=oneshot
StandardOutput=journal+console
TimeoutStartSec=1d
ExecStart=/usr/local/sbin/matrixctl tick
UNIT
  replace_file $unit.timer 644 <<UNIT
[Timer]
OnCalendar=*:0/3
[Install]
WantedBy=timers.target
UNIT
  replace_file $unit-guard.service 644 <<UNIT
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
