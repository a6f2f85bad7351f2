# shellcheck shell=bash
# --- the doctor

# One check: a function whose output is what it has seen. 0 is ok, 1 a failure, 2 a warning. Any other code is a
# defect of the function; so is an end without a code, as at an unbound variable, where bash stops the subshell.
check() { # NAME FUNCTION ADVICE
  local seen verdict=ok advice=$3
  [ ! "$ONLY" ] || [ "$1" = "$ONLY" ] || return 0
  if [ "$LIST" ]; then
    report "$(json_string "$1")" "$1"
    return
  fi
  seen=$(
    "$2" 2>/dev/null </dev/null
    printf '\nended %s\n' $?
  ) || :
  case ${seen##*$'\n'} in
    'ended 0') advice='' ;;
    'ended 1') verdict=failed BAD=1 ;;
    'ended 2') verdict=warning ;;
    *) verdict=error BAD=1 advice='a defect of this check, report it' ;;
  esac
  [ $verdict = error ] || seen=${seen%$'\n'*}
  seen=$(sed '/^$/d' <<<"$seen" | paste -sd , | LC_ALL=C tr -cd ' -~' | cut -c-200)
  report "{\"check\":$(json_string "$1"),\"verdict\":\"$verdict\",\"seen\":$(json_string "$seen"),\"advice\":$(json_string "$advice")}" \
    "$verdict: $1${seen:+ ($seen)}${advice:+: $advice}"
}
report() { # JSON LINE
  FOUND+=("$1")
  [ "$JSON" ] || echo "$2"
}

cmd_doctor() { # [--json] [--list] [--only CHECK]
  BAD=0 JSON='' LIST='' ONLY='' FOUND=() WRONG_RECORDS=''
  while [ $# -gt 0 ]; do
    case $1 in
      --json) JSON=1 ;;
      --list) LIST=1 ;;
      --only)
        if [ "$ONLY" ] || [ ! "${2-}" ]; then die '--only takes one check: matrixctl doctor --list'; fi
        ONLY=$2
        shift
        ;;
      *) die "unexpected argument $1; matrixctl help" ;;
    esac
    shift
  done
  # Both checks of DNS share the answers.
  case $LIST$ONLY in
    '' | DNS*) WRONG_RECORDS=$(check_dns || :) ;;
  esac
  checks
  [ ${#FOUND[@]} -gt 0 ] || die "there is no check $ONLY: matrixctl doctor --list"
  [ ! "$JSON" ] || (IFS=, && echo "[${FOUND[*]}]")
  return $BAD
}

checks() {
  local dns="set it to this server's address; one that does not answer from here may do so from elsewhere"
  check containers check_containers 'matrixctl up'
  check Synapse health 'matrixctl logs synapse'
  check 'DNS A' check_dns_a "A of $DOMAIN: $dns"
  check 'DNS AAAA' check_dns_aaaa "AAAA of $DOMAIN: $dns"
  check ports check_ports 'matrixctl logs nginx'
  check firewall check_firewall 'open 80, 443 and 8448: in the firewall of this server, and at the provider'
  check 'way out' check_outbound 'add IPv4; or upgrade Docker, remove both networks (matrixctl down), and IPV6= from the .env beside the compose file'
  check certificate check_certificate 'matrixctl tls retry; matrixctl logs nginx'
  check well-known/server check_well_known_server 'matrixctl logs nginx'
  check well-known/client check_well_known_client 'matrixctl logs nginx'
  check 'client API' check_client_api 'matrixctl logs synapse'
  check 'federation 443' check_federation 'matrixctl logs nginx'
  check 'federation 8448' check_federation_port 'matrixctl logs nginx'
  check 'encoded path' check_encoded_path 'a proxy in front changes %2F'
  check delegation check_delegation "serve both files of /.well-known/matrix on $SERVER_NAME, as gen-cloudinit reported"
  check database check_database 'UTF8, C, C is needed: restore a backup onto a new server'
  check 'owners and modes' check_owners "chown -h 991:991 and chmod 600 the named file, with Synapse stopped"
  check 'metadata service' check_metadata 'iptables and its chain DOCKER-USER are needed; matrixctl up adds the rule'
  check disk check_disk 'matrixctl clean, or a larger disk'
  check memory check_memory 'a larger server'
  check clock check_clock 'timedatectl set-ntp true'
  check backup check_backup 'matrixctl backup'
  check 'unfinished work' check_unfinished 'matrixctl status; matrixctl up'
}

# The checks return 0, 1 or 2; curl, docker and grep have other codes, which a check must not pass on.
containers_with() { containers --filter "$@"; }
check_containers() {
  local ids
  mapfile -t ids < <(containers)
  [ ${#ids[@]} -gt 0 ] || return 1
  docker inspect -f '{{.Name}} {{.State.Status}}{{with .State.Health}} {{.Status}}{{end}}' "${ids[@]}" | sed 's|^/||'
  [ "$(containers_with status=running | wc -l)" -ge 4 ] && [ ! "$(containers_with health=unhealthy)" ]
}
check_dns_a() { check_records 'A'; }
check_dns_aaaa() { check_records 'AAAA'; }
check_records() { # TYPE
  health || { echo 'Synapse cannot be asked' && return; }
  grep "^$1 " <<<"$WRONG_RECORDS" || return 0
  ! grep -q "^$1 .* is " <<<"$WRONG_RECORDS" || return 1
  return 2
}
check_ports() {
  local port
  for port in 80 443 8448; do timeout 9 bash -c ": </dev/tcp/127.0.0.1/$port" || { echo "$port is closed" && return 1; }; done
}
check_firewall() {
  local blocked
  blocked=$(firewall_problem)
  echo "${blocked:+port $blocked}"
  [ ! "$blocked" ]
}
check_outbound() {
  local why
  why=$(outbound_problem)
  echo "$why"
  [ ! "$why" ]
}
check_certificate() {
  local left life failed
  read -r left life < <(certificate_lifetime)
  failed=$(last_order_error) || :
  echo "$(format_duration "$left") left${failed:+; the last order failed: $failed}"
  [ $((left * 10)) -ge "$life" ]
}
check_well_known_server() { site_answers /.well-known/matrix/server -i 'allow-origin: [*]'; }
check_well_known_client() { site_answers /.well-known/matrix/client -i 'allow-origin: [*]'; }
check_client_api() { site_answers /_matrix/client/versions -F v1.1; }
check_federation() { site_answers /_matrix/key/v2/server ed25519; }
check_federation_port() { site_answers :8448/_matrix/key/v2/server ed25519; }
check_encoded_path() { site_answers "/_matrix/client/v3/directory/room/%23a%2Fb:$SERVER_NAME" M_NOT_FOUND; }
site_answers() { # PATH GREP-ARGUMENT...
  get "$1" | grep "${@:2}" >/dev/null || return 1
}
check_delegation() {
  local file
  [ "$SERVER_NAME" != "$DOMAIN" ] || { echo none && return; }
  for file in server client; do
    curl -fsLm 9 "https://$SERVER_NAME/.well-known/matrix/$file" | grep -F "$DOMAIN" >/dev/null || return 1
  done
}
check_database() {
  database_locale || return 1
  [ "$(database_locale)" = UTF8CC ]
}
check_owners() {
  local wrong
  wrong=$({
    as_synapse find . ! -user 991 -o -type f ! -name homeserver.yaml ! -path './media*' -perm /77 2>&1
    find "$BASE_DIR/db-password" /etc/gen-cloudinit.env -perm /77
  } | tr -d '\000-\011\013-\037')
  echo "$wrong"
  [ ! "$wrong" ]
}
check_metadata() {
  iptables -w 10 -C FORWARD -j DOCKER-USER &>/dev/null || return 2
  iptables -w 10 -C DOCKER-USER -i matrix-+ -d 169.254.0.0/16 -p tcp ! --dport 53 -j REJECT &>/dev/null || return 2
}
check_disk() {
  local free
  free=$(free_mb /var/lib)
  echo "$free MB free"
  [ "$free" -gt 999 ]
}
check_memory() { awk '/^MemAvailable/ { print int($2 / 1024) " MB available"; exit 2 * ($2 < 200000) }' /proc/meminfo; }
check_clock() { timedatectl show | grep -x 'NTPSynchronized=yes' || return 2; }
check_backup() {
  local error newest age stale=168
  [ ! "${BACKUP_KEEP-}" ] || stale=48
  error=$(get_fact backup_error)
  newest=$(find $BACKUPS -maxdepth 1 -type f -name 'matrix-*.tar.gz' -printf '%Ts\n' | sort -n | tail -n 1)
  [ "$newest" ] || { echo "none${error:+, $error}" && return 2; }
  age=$((($(date +%s) - newest) / 3600))
  echo "$age hours old${error:+, the last one failed: $error}"
  [ ! "$error" ] && [ $age -ge 0 ] && [ $age -le $stale ] || return 2
}
check_unfinished() {
  if [ -s "$LIB/unfinished" ]; then cat "$LIB/unfinished" && return 2; fi
  if [ -s "$LIB/given-up" ]; then cat "$LIB/given-up" && return 1; fi
}
