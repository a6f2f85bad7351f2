#!/bin/sh
# Entrypoint of the lab's vectorim/element-web: the published image's contract (element-hq/element-web, apps/web/docker)
# around a real nginx. Kept: user 101; ELEMENT_WEB_PORT (80); the configuration files are copied at the start, so one
# that uid 101 cannot read ends the container, and a change needs a restart; /tmp and /etc/nginx/conf.d are written to.
#
# Where the lab differs: the page is a small one of ours that shows the configuration, not Element; no /modules.
set -e

mkdir -p /tmp/element-web-config
cp /app/config*.json /tmp/element-web-config/
# The base image's entrypoint renders /etc/nginx/templates/*.template into conf.d.
sed "s/\${ELEMENT_WEB_PORT}/${ELEMENT_WEB_PORT:-80}/" /etc/nginx/templates/default.conf.template >/etc/nginx/conf.d/default.conf
exec "$@"
