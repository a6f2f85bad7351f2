# shellcheck shell=bash
# --- every three minutes

# A first boot that was cut short goes on, and so does a restore or an update; then certificates, disk and backups.
tick() {
  open_lock
  if ! flock -n 9; then
    busy
    return
  fi
  note_lock
  if [ ! -e $READY ] && [ -e $INSTANCE/scripts/runcmd ]; then
    exec 9>&-
    exec sh $INSTANCE/scripts/runcmd
  fi
  find "$BASE_DIR" $LIB $LIB/facts -maxdepth 1 -type f -name '.matrixctl-*.[0-9]*' -delete
  operations_tick before
  metadata_guard
  firewall_state
  disk_space
  tls '' || :
  operations_tick after
}

disk_space() {
  local free
  free=$(free_mb /var/lib)
  if [ "$free" -lt 1000 ]; then
    changed disk 'less than 1000 MB are free' "$free MB are free below /var/lib: matrixctl clean, or a larger disk"
  else
    changed disk ''
  fi
}
