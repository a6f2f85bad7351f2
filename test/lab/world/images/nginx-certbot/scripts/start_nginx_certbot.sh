#!/bin/bash
# Command of the lab's jonasal/nginx-certbot: the published image's contract (JonasAlfredsson/docker-nginx-certbot, docs/)
# around a real nginx and a real certbot. Kept: files of user_conf.d are linked into conf.d; one whose certificate files
# are missing or empty is set aside as .nokey while nginx runs with the redirector on port 80; then certificates, one for
# each name under /etc/letsencrypt/live/; nginx -t; reload; sleep RENEWAL_INTERVAL (8d), also after a failure; SIGHUP ends
# the sleep; the container ends when nginx or the loop does.
#
# Where the lab differs:
# - The image's environment sends certbot to the lab's ACME server (CERTBOT_PRODUCTION_URL, CERTBOT_STAGING_URL) and
#   makes it trust that server's TLS certificate (REQUESTS_CA_BUNDLE); the deployment's own settings win.
# - Only the authenticator webroot can succeed: the DNS authenticators are recognised in a certificate's name and refused.
# - No nginx-debug, and no /etc/nginx/templates.
set -u
cd /scripts || exit 1
. ./configs.sh

# shellcheck disable=SC2317 # called by the trap
stop() {
  trap - EXIT
  kill "$nginx" "$loop" 2>/dev/null
  wait "$nginx" "$loop" 2>/dev/null
}

link_user_configs
enable_configs

nginx -g 'daemon off;' &
nginx=$!

interval=${RENEWAL_INTERVAL:-8d}
(
  while true; do
    say info 'Running the autorenewal service'
    ./renew.sh || exit 1
    say info "Autorenewal service will now sleep $interval"
    sleep "$interval"
    code=$?
    # 143: ended by SIGTERM, which is how SIGHUP to the container wakes it
    [[ $code == 0 || $code == 143 ]] || exit "$code"
  done
) &
loop=$!

trap 'exit' TERM INT QUIT
trap stop EXIT
trap 'say info "SIGHUP: ending the sleep"; pkill -TERM -P "$loop" -x sleep || say warning "not asleep"' HUP
trap 'nginx -s reopen' USR1

# wait returns early, with more than 128, whenever a trap has run: only an ended child ends the container.
while kill -0 "$nginx" 2>/dev/null && kill -0 "$loop" 2>/dev/null; do
  wait -n "$nginx" "$loop"
  code=$?
done
exit "$code"
