// Spoils the running proxy: edits its site on the server, and makes nginx reload it.
import { containers } from '../server';

const file = (domain: string) => `/data/nginx/user_conf.d/${domain}.conf`;
const kept = '/run/lab-site.kept';

/**
 * Makes nginx reload its configuration, which must be valid: otherwise the old one would stay in force. The reload is
 * complete when no old process accepts connections; the title of old processes then says that they are shutting down.
 */
export const reloadNginx = `docker exec ${containers.nginx} sh -euc '
workers() { pgrep -xf "nginx: worker process" || :; }
nginx -t -q
old=$(workers)
nginx -s reload
for i in $(seq 300); do
  workers | grep -qxF "$old" || exit 0
  sleep 0.1
done
echo "nginx still has the processes from before" >&2
exit 1'`;

/** The script that edits the site by a sed program, which must change something. */
export const editSite = (domain: string, program: string): string => `set -e
cp -p ${file(domain)} ${kept}
sed -i '${program}' ${file(domain)}
if cmp -s ${file(domain)} ${kept}; then echo 'nothing was edited' >&2; exit 1; fi
${reloadNginx}`;

/** The script that puts the site back. */
export const undoSite = (domain: string): string => `set -e
cp -p ${kept} ${file(domain)}
${reloadNginx}`;
