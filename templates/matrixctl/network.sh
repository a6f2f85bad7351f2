# shellcheck shell=bash
# --- the server's network

# Without IPv6 in the kernel nginx cannot listen on [::], which our file and those of the images name
# (element-hq/element-web issue 28486): each gets a copy without it.
listen_on_ipv4() { # nginx|element
  local site=/data/nginx/user_conf.d/$DOMAIN.conf
  [ ! -e /proc/net/if_inet6 ] || return 0
  case $1 in
    nginx)
      edit_file "$site" grep -vF '[::]'
      mount_ipv4_copy $NGINX nginx conf.d/redirector.conf
      ;;
    element) mount_ipv4_copy "$MATRIX" element templates/default.conf.template ;;
  esac
}
mount_ipv4_copy() { # COMPOSE-FILE SERVICE FILE
  local copy=/data/nginx/$2.ipv4 text
  ! grep -qF "$copy" "$1" || return 0
  text=$(docker compose -f "$1" run -T --rm --no-deps --entrypoint sed "$2" '/\[::\]/d' "/etc/nginx/$3")
  printf '%s\n' "$text" | replace_file "$copy" 644
  # After the last line of the service's list of volumes.
  # shellcheck disable=SC2016 # awk's own
  edit_file "$1" awk -v mount="   - $copy:/etc/nginx/$3:ro" -v service=" $2:" '
    $0 == service { inside = 1 }
    { print }
    inside && $0 == "  volumes:" { print mount; inside = 0 }'
}

# A provider's metadata service returns this document and, at some providers, credentials. Our containers on bridges
# need it only for DNS, which Google Cloud serves at the same address. The rule applies to our bridges alone, and a
# host without iptables has no rule; nginx shares the host's network, where the rule cannot apply. Docker keeps a chain
# DOCKER-USER that exists before it starts: matrix-guard.service creates it, so no container runs without the rule.
# Docker adds the jump to it, unless Docker leaves iptables alone. Addresses: EC2 and most others, Azure, Alibaba; over
# IPv6 EC2, Google Cloud, Oracle, Scaleway.
METADATA='iptables 169.254.0.0/16 iptables 168.63.129.16 iptables 100.100.100.200 ip6tables fd00:ec2::254
  ip6tables fd20:ce::254 ip6tables fd00:c1::a9fe:a9fe ip6tables fd00:42::42'
block_metadata() {
  local tool address rule
  # shellcheck disable=SC2086 # words are meant
  printf '%s %s\n' $METADATA | while read -r tool address; do
    $tool -w 10 -N DOCKER-USER &>/dev/null || :
    $tool -w 10 -C FORWARD -j DOCKER-USER &>/dev/null || $tool -w 10 -I FORWARD -j DOCKER-USER &>/dev/null || :
    rule=(DOCKER-USER -i matrix-+ -d "$address" -p tcp ! --dport 53 -j REJECT)
    if ! $tool -w 10 -C "${rule[@]}" &>/dev/null && $tool -w 10 -I "${rule[@]}" &>/dev/null; then
      journal "guard, $tool $address: done"
    fi
  done
}

cmd_guard() { block_metadata; }

# The server's settings for the compose file; Docker Compose reads BASE/.env. The memory limits in the file are for a
# server of 2 GB, and a larger one gives more. Docker cannot change an existing network, so the network's settings
# keep their first values.
write_compose_env() {
  local mb mtu ipv6 env=$BASE_DIR/.env mark='# by matrixctl, for this server'
  if [ -e "$env" ] && ! grep -q '^# by matrixctl' "$env"; then return; fi
  mb=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
  [ "$mb" -gt 2200 ] || mb=2048
  mtu=$(sed -n 's/^MTU=//p' "$env" 2>/dev/null) || :
  ipv6=$(sed -n 's/^IPV6=//p' "$env" 2>/dev/null) || :
  [ "$mtu" ] || mtu=$(network_mtu)
  [ "$ipv6" ] || ipv6=$(network_ipv6)
  printf '%s\n' "$mark" DB_MEMORY=$((mb * 5 / 16))m SYNAPSE_MEMORY=$((mb / 2))m "MTU=$mtu" "IPV6=$ipv6" | replace_file "$env" 644
}

# The MTU of the route out: 1460 on Google Cloud, 1450 in many private networks. A container that assumes 1500 would
# wait for answers that never come.
network_mtu() {
  local device mtu
  device=$({ ip -o -4 route get 192.0.2.1 || ip -o -6 route get 2001:db8::1; } 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p') || :
  mtu=$(cat "/sys/class/net/${device:-none}/mtu" 2>/dev/null) || mtu=1500
  if [ "$mtu" -ge 1280 ] && [ "$mtu" -le 1500 ]; then echo "$mtu"; else echo 1500; fi
}

# Whether containers get IPv6: if the server itself has an IPv6 route out, and Docker Engine is 27 or newer, which gives
# them addresses of their own and translates those to the server's.
network_ipv6() {
  if [ "$(engine_major)" -ge 27 ] && ip -6 route get 2001:db8::1 &>/dev/null; then
    echo true
  else
    echo false
  fi
}

# Why Synapse reaches no other server; nothing when it does. Before Engine 27, Docker gives containers no IPv6 route out.
outbound_problem() {
  if grep -qx IPV6=false "$BASE_DIR/.env" 2>/dev/null && ! ip -4 route get 192.0.2.1 &>/dev/null; then
    echo 'this server has no IPv4, and its containers no IPv6: no federation; it needs IPv4 or Docker Engine 27'
  fi
}
