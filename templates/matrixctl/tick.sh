# shellcheck shell=bash
# --- every three minutes

# Continues a first boot, a restore or an update that was cut short; then handles certificates, disk and backups.
cmd_tick() {
  open_lock
  if ! flock -n 9; then
    report_lock_holder
    return
  fi
  write_lock_holder
  if [ ! -e $READY ] && [ -e $INSTANCE/scripts/runcmd ]; then
    exec 9>&-
    exec sh $INSTANCE/scripts/runcmd
  fi
  find "$BASE_DIR" $LIB $LIB/facts -maxdepth 1 -type f -name '.matrixctl-*.[0-9]*' -delete
  continue_or_clean_up
  block_metadata
  update_firewall_fact
  update_disk_fact
  renew_certificate '' || :
  start_due_backup
}

update_disk_fact() {
  local free
  free=$(free_mb /var/lib)
  if [ "$free" -lt 1000 ]; then
    update_fact disk 'less than 1000 MB are free' "$free MB are free below /var/lib: matrixctl clean, or a larger disk"
  else
    update_fact disk ''
  fi
}
