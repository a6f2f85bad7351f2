// Writes zones.json from the time zone files of two systems (tz database, public domain):
//   node src/cloudinit/lint/schema/generate-zones.mjs ROOT-WITH-TZDATA-2024B ROOT-WITH-OLDER-TZDATA
// Debian 13 and Ubuntu 24.04 moved the names of the second list to the package tzdata-legacy.
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function zonesOf(root) {
  const folder = join(root, 'usr/share/zoneinfo');
  return readdirSync(folder, { recursive: true })
    .filter((name) => /^[A-Z]/.test(name) && !/^Factory$|\.(?:tab|zi|list)$/.test(name))
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}

const [current, all] = process.argv.slice(2).map(zonesOf);
const zones = { current: current.join(' '), legacy: all.filter((name) => !current.includes(name)).join(' ') };
writeFileSync(join(import.meta.dirname, 'zones.json'), `${JSON.stringify(zones, null, 1)}\n`);
