# shellcheck shell=bash
# --- certificates

# The remaining and the total validity of nginx's certificate, in seconds; 0 1 without one.
certificate_lifetime() {
  local dates begin end
  mapfile -t dates < <(get / -v -o /dev/null 2>&1 | head -c 100000 | sed -n 's/^\* *start date: //p;s/^\* *expire date: //p')
  if begin=$(date -d "${dates[0]:-none}" +%s 2>/dev/null) && end=$(date -d "${dates[1]:-none}" +%s 2>/dev/null); then
    echo $((end - $(date +%s))) $((end > begin ? end - begin : 1))
  else
    echo 0 1
  fi
}

# A duration in words.
format_duration() { # SECONDS
  if [ "$1" -ge 172800 ]; then echo "$(($1 / 86400)) days"; else echo "$(($1 / 3600)) hours"; fi
}

# Why the last order failed, in the certificate authority's words; nothing when it did not.
last_order_error() {
  timeout 20 docker logs --tail 300 nginx-nginx-1 2>&1 | head -c 300000 | awk '
    /Detail: / { sub(/.*Detail: /, ""); why = $0 }
    /An unexpected error occurred:/ { if (getline > 0) why = $0 }
    /Successfully received certificate/ { why = "" }
    END { print substr(why, 1, 300) }' | tr -d '[:cntrl:]'
}

# The addresses of the domain, one per line. Synapse's resolver finds them, because /etc/hosts of the server may name the
# server itself. Synapse may answer anything: only text in the form of an address is accepted.
resolve_domain() {
  timeout 30 docker exec matrix-synapse-1 python3 -c 'import socket, sys
for address in sorted({found[4][0] for found in socket.getaddrinfo(sys.argv[1], 80)}): print(address)' "$DOMAIN" 2>/dev/null |
    head -c 10000 | grep -xE '[0-9a-fA-F:.]{2,45}' | head -n 16
}

# Which records of the domain do not lead here: each address must return a token that only this server's nginx knows.
check_dns() {
  local address record got word found place=.well-known/acme-challenge
  word=$(random_secret)
  # shellcheck disable=SC2016 # for the inner shell
  timeout 30 docker exec nginx-nginx-1 sh -c 'cd /var/www/letsencrypt && mkdir -p "$1" && echo "$2" >"$1/here"' sh $place "$word" || {
    echo 'the test word cannot be given to nginx'
    return
  }
  mapfile -t found < <(resolve_domain)
  [ ${#found[@]} -gt 0 ] || echo "A of $DOMAIN or Synapse is missing"
  for address in "${found[@]}"; do
    case $address in *:*) record="AAAA [$address]" ;; *) record="A $address" ;; esac
    got=$(curl -sm 9 --connect-to "::${record#* }:80" "http://$DOMAIN/$place/here" | head -c 100 | tr -d '\000' || :)
    case $got in
      "$word") ;;
      '') echo "$record does not answer from here" ;;
      *) echo "$record is another server" ;;
    esac
  done
}

# nginx-certbot waits for hours after a failed order. Whenever the certificate is missing, or in the last third of its
# validity: check DNS, and order where this can succeed. Let's Encrypt allows five failures per hour. So the first orders
# are 20 minutes apart, and each failure doubles the pause, up to 12 hours. When the last wrong record has been corrected,
# order at once and reset the pause, at most once an hour. An address that does not answer from here may do so elsewhere.
renew_certificate() { # [now]
  local left life why who='' failed ask=$1 orders pause result
  read -r left life < <(certificate_lifetime)
  why="certificate for $(format_duration "$left")"
  [ "$left" -gt 0 ] || why='no valid certificate'
  if [ $((left * 3)) -ge "$life" ]; then rm -f $LIB/orders; fi
  if [ $((left * 3)) -lt "$life" ] || [ "$ask" ]; then
    who=$(check_dns | paste -sd ,) || :
    failed=$(last_order_error) || :
    why+="${who:+: $who}${failed:+; the last order failed: $failed}"
    if [ ! "$who" ] && [ $LIB/wrong -nt $LIB/order ] && older_than order 2 && older_than right 60; then
      touch $LIB/right
      rm -f $LIB/orders
      ask=1
    fi
    orders=$(cat $LIB/orders 2>/dev/null || echo 0)
    [[ $orders =~ ^[0-9]$ ]] || orders=6
    pause=$((20 << orders))
    [ $pause -le 720 ] || pause=720
    # One minute less: the timer is not exact to the second.
    if [ "$ask" ] || { [[ $who != *' is '* ]] && older_than order $((pause - 1)); }; then
      touch $LIB/order
      echo $((orders < 6 ? orders + 1 : 6)) | replace_file $LIB/orders 600
      result='done'
      run timeout 60 docker kill -s HUP nginx-nginx-1 || result='failed: nginx does not run'
      journal "tls, certificate ordered: $result"
    fi
    [ ! "$who" ] || touch $LIB/wrong
  fi
  update_fact certificate "$why" "$why"
}

cmd_tls() { # retry
  [ "$*" = retry ] || die 'the command is: matrixctl tls retry'
  renew_certificate now
}
