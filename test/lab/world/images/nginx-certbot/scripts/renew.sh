#!/bin/bash
# One round of the lab's nginx-certbot: missing dhparams, then every certificate, then nginx takes what is new.
# Exit code 1 ends the container, as in the published image when CERTBOT_EMAIL is missing.
set -u
shopt -s extglob nocasematch
. ./configs.sh

if [[ -z ${CERTBOT_EMAIL-} ]]; then
  say error 'CERTBOT_EMAIL is not set' >&2
  exit 1
fi
if [[ ${STAGING-} == 1 ]]; then server=$CERTBOT_STAGING_URL; else server=$CERTBOT_PRODUCTION_URL; fi

# has_label NAME PATTERN: whether a label of the certificate's name, between dots and hyphens, is that word.
has_label() {
  [[ $1 =~ (^|[-.])$2([-.]|$) ]]
}

# The label of the name wins over the environment: certificates named after a domain can meet this by accident.
key_type() {
  if has_label "$1" 'ecdsa' || has_label "$1" 'ecc'; then
    echo ecdsa
  elif has_label "$1" 'rsa' || [[ ${USE_ECDSA:-1} == 0 ]]; then
    echo rsa
  else
    echo ecdsa
  fi
}

authenticator() {
  if has_label "$1" 'webroot'; then
    echo webroot
  elif has_label "$1" 'dns-([^-.]*)'; then
    echo "dns-${BASH_REMATCH[2]}"
  else
    echo "${CERTBOT_AUTHENTICATOR:-webroot}"
  fi
}

order() {
  local name=$1 how domain arguments=()
  shift
  how=$(authenticator "$name")
  if [[ $how != webroot ]]; then
    say error "The authenticator $how of '$name' is not supported" >&2
    return 1
  fi
  for domain; do arguments+=(-d "$domain"); done
  say info "Requesting a certificate for '$name' ($*)"
  certbot certonly --non-interactive --agree-tos --keep --text --email "$CERTBOT_EMAIL" --server "$server" \
    --webroot --webroot-path /var/www/letsencrypt --preferred-challenges http-01 --cert-name "$name" \
    --key-type "$(key_type "$name")" --rsa-key-size "${RSA_KEY_SIZE:-2048}" \
    --elliptic-curve "${ELLIPTIC_CURVE:-secp256r1}" "${arguments[@]}"
}

link_user_configs
mapfile -t files < <(config_files)

for file in "${files[@]}"; do
  for path in $(directive ssl_dhparam "$file"); do
    grep -q 'END DH PARAMETERS' "$path" 2>/dev/null && continue
    say info "Making $path"
    mkdir -p "${path%/*}"
    openssl dhparam -out "$path" "${DHPARAM_SIZE:-2048}" && chmod 600 "$path"
  done
done

# A name that several files use gets the domains of all of them.
mapfile -t names < <(for file in "${files[@]}"; do certificate_names "$file"; done | sort -u)
for name in "${names[@]}"; do
  mapfile -t wanted < <(
    for file in "${files[@]}"; do
      certificate_names "$file" | grep -qxF -- "$name" && domains "$file"
    done | awk '!seen[$0]++'
  )
  if [[ ${USE_LOCAL_CA-} == 1 ]]; then
    ./local_ca.sh "$name" "${wanted[@]}"
  else
    order "$name" "${wanted[@]}"
  fi || say error "No certificate for '$name'" >&2
done

enable_configs
if nginx -t; then
  nginx -s reload
else
  say error 'Not reloading nginx: its configuration is wrong' >&2
fi
