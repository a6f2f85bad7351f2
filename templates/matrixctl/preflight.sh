# shellcheck shell=bash
# --- the preflight: problems that would stop the first boot, found before it

# A running server is not checked: its own nginx holds the ports.
preflight() {
  [ ! -e $LIB/server ] || ! docker inspect nginx-nginx-1 &>/dev/null || return 0
  preflight_disk
  preflight_ports
  preflight_clock
}

preflight_disk() {
  local free
  [ ! -e $LIB/server ] || return 0
  free=$(free_mb /var/lib)
  [ "$free" -ge 2500 ] || die "$free MB are free below /var/lib, 2500 are needed"
}

preflight_ports() {
  local port holder
  for port in 80 443 8448; do
    # sed reads to the end: ss would fail at a closed pipe.
    holder=$(ss -Hltnp "sport = :$port" | sed -n '1s/.*(("\([^"]*\).*/\1/p')
    [ ! "$holder" ] || die "port $port is taken by $holder"
  done
}

# A wrong clock makes every certificate invalid. Docker's server provides the time.
preflight_clock() {
  local date now off
  date=$(curl -skIm 9 "$DOCKER_APT_URL/" | sed -n 's/^[Dd]ate: //p' | head -n 1 | tr -d '\r') || :
  now=$(date -d "${date:-now}" +%s 2>/dev/null) || return 0
  off=$(($(date +%s) - now))
  if [ ${off#-} -gt 600 ]; then
    timedatectl set-ntp true || :
    die "the clock is off by $off s"
  fi
}
