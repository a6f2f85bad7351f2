#!/bin/bash
# USE_LOCAL_CA=1 of the lab's nginx-certbot: a certificate from a private authority in LOCAL_CA_DIR (/etc/local_ca), made
# when it is missing and kept when it is mounted. As in the published image: caPrivkey.pem and caCert.pem, an RSA leaf for
# 90 days, a new key each round, the four files of certbot's live folder. Usage: local_ca.sh NAME DOMAIN...
set -eu
name=$1
shift
ca=${LOCAL_CA_DIR:-/etc/local_ca}
live=/etc/letsencrypt/live/$name
size=${RSA_KEY_SIZE:-2048}
mkdir -p "$ca" "$live"

[[ -f $ca/caPrivkey.pem ]] || openssl genrsa -out "$ca/caPrivkey.pem" "$size"
if [[ ! -f $ca/caCert.pem ]]; then
  openssl req -x509 -new -key "$ca/caPrivkey.pem" -out "$ca/caCert.pem" -subj '/CN=Local Debug CA' \
    -days "${LOCAL_CA_ROOT_CERT_VALIDITY:-30}" \
    -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign
fi

names=
for domain; do
  if [[ $domain =~ ^[0-9.]+$ || $domain == *:* ]]; then names+=",IP:$domain"; else names+=",DNS:$domain"; fi
done
extensions=$(printf '%s\n' "subjectAltName=${names#,}" basicConstraints=critical,CA:false \
  extendedKeyUsage=serverAuth,clientAuth keyUsage=keyEncipherment,digitalSignature \
  subjectKeyIdentifier=hash authorityKeyIdentifier=keyid)
openssl genrsa -out "$live/privkey.pem" "$size"
openssl req -new -key "$live/privkey.pem" -subj "/CN=$name" |
  openssl x509 -req -CA "$ca/caCert.pem" -CAkey "$ca/caPrivkey.pem" -days 90 -extfile <(echo "$extensions") \
    -out "$live/cert.pem"
cp "$ca/caCert.pem" "$live/chain.pem"
cat "$live/cert.pem" "$live/chain.pem" >"$live/fullchain.pem"
