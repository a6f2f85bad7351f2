# shellcheck shell=bash
# --- Docker Engine from Docker's own repository

KEY=/etc/apt/keyrings/gen-cloudinit-docker.asc
LIST=/etc/apt/sources.list.d/gen-cloudinit-docker.list

# A server that has Docker keeps it. $LIB/installing exists while this script installs Docker.
install_docker() { # PACKAGE...
  if command -v docker >/dev/null && [ ! -e $LIB/installing ]; then
    say 'Docker is there already'
  else
    set_phase installing
    touch $LIB/installing
    if [ ! -e /etc/docker/daemon.json ]; then
      install -d -m 755 /etc/docker
      printf '%s\n' "$DAEMON_JSON" | replace_file /etc/docker/daemon.json 644
    fi
    retry 'installing Docker' apt_install "$@"
    rm $LIB/installing
  fi
  docker compose version >/dev/null || die 'Docker Compose 2 is missing: install docker-compose-plugin or docker-compose-v2'
  { curl -V && docker info; } >/dev/null || die 'Docker does not work'
}

# Docker Engine's major version; 0 when unknown.
engine_major() {
  detect_engine
  if [[ ${ENGINE%%.*} =~ ^[0-9]+$ ]]; then echo "${ENGINE%%.*}"; else echo 0; fi
}

# Docker checks containers up to five times per second while they start. Docker Engine before 25 and Docker Compose before
# 2.20 refuse the setting, so the script omits it on such a server.
drop_start_interval() {
  local file compose
  compose=$(docker compose version --short)
  if [ "$(engine_major)" -ge 25 ] && printf '%s\n' 2.20 "${compose#v}" | sort -CV; then return; fi
  for file in "$MATRIX" $NGINX; do edit_file "$file" grep -v start_interval; done
}

# Called in a condition, where bash does not stop at errors. The distribution's lists are tens of megabytes, and most
# images have what Docker depends on: the script fetches the lists only when something is missing. Another repository
# that does not answer must not matter, so apt's complaints about it are only a warning here.
apt_install() { # PACKAGE...
  add_docker_repository && dpkg --configure -a && fetch_docker_lists || return
  apt_packages "$@" && return
  apt_get update 2>&1 | sed 's/^E:/W:/'
  apt_packages "$@"
}
apt_get() { apt-get -q -o DPkg::Lock::Timeout=600 "$@"; }
apt_packages() { apt_get -fy --no-install-recommends install curl "$@"; }

# apt trusts the key for this repository alone. A document with little room contains only the key's checksum, and the
# script fetches the key from the repository's server, as it does for a damaged file. An earlier entry for the same
# repository with another key file would stop all of apt: then the script removes its own.
add_docker_repository() {
  local line codename
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
  line="deb [signed-by=$KEY] $DOCKER_APT_URL $codename stable"
  if ! sha256sum --quiet --strict -c - <<<"$DOCKER_APT_SHA256  $KEY" &>/dev/null; then
    install -d -m 755 "${KEY%/*}"
    /usr/lib/apt/apt-helper download-file "$DOCKER_APT_URL/gpg" $KEY.new "SHA256:$DOCKER_APT_SHA256" &&
      chmod 644 $KEY.new && mv -T $KEY.new $KEY || return
  fi
  [ "$(cat $LIST 2>/dev/null)" = "$line" ] || echo "$line" | replace_file $LIST 644 || return
  apt-get indextargets &>/dev/null || rm -f $LIST
}

# This repository's lists alone, and any failure counts; other lists stay as they are.
fetch_docker_lists() {
  if [ ! -e $LIST ]; then
    apt_get update
    return
  fi
  apt_get -o Dir::Etc::SourceList=$LIST -o Dir::Etc::SourceParts=/dev/null -o APT::Get::List-Cleanup=false \
    -o APT::Update::Error-Mode=any update
}
