/** Settings whose names must exist on the system: time zones and locales (cc_timezone.py, cc_locale.py). */

import { closestName } from '../../../diagnostics/did-you-mean';
import { get, type Node } from '../../read/yaml-node';
import { error, type Finding, warning } from '../finding';
import zones from '../schema/zones.json';
import type { Target } from '../targets';

export function* systemRules(root: Node | undefined, target: Target): Generator<Finding> {
  yield* timezone(get(root, 'timezone'), target);
  yield* locale(get(root, 'locale'));
}

const CURRENT = zones.current.split(' ');
const LEGACY = zones.legacy.split(' ');

/** distros/__init__.py, _find_tz_file: without the file below /usr/share/zoneinfo the module fails. */
function* timezone(node: Node | undefined, { lacksLegacyZones }: Target): Generator<Finding> {
  if (node?.kind !== 'scalar' || node.type !== 'str' || node.text === '' || /[${]/.test(node.text)) return;
  const zone = node.text;
  if (CURRENT.includes(zone)) return;
  if (LEGACY.includes(zone)) {
    if (lacksLegacyZones === false) return;
    const message =
      'Debian 13 and Ubuntu 24.04 moved this old name to the package tzdata-legacy; the module fails there.';
    const make = lacksLegacyZones ? error : warning;
    yield make('timezone-legacy', node, message, {
      given: zone,
      hint: 'Use the name of a city, such as America/New_York.',
    });
    return;
  }
  const near = closeZone(zone);
  const hint = near ? `Is ${near} meant?` : 'timedatectl list-timezones shows the names.';
  yield error('timezone-unknown', node, 'There is no such time zone; the module fails.', {
    given: zone,
    hint,
  });
}

function closeZone(zone: string): string | undefined {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[\s-]/g, '_');
  const city = plain(zone).split('/').pop();
  return (
    CURRENT.find((name) => plain(name) === plain(zone)) ??
    CURRENT.find((name) => plain(name).split('/').pop() === city) ??
    (zone.length > 4 ? closestName(zone, CURRENT) : undefined)
  );
}

const LOCALE = /^(?:C|POSIX|[a-z]{2,3}_[A-Z]{2}|[a-z]{2,3}(?:_419)?)(?:\.([\w-]+))?(?:@\w+)?$/;
const CHARSET =
  /^(?:utf-?8|iso-?8859-?(?:[1-9]|1[0-6])|koi8-?[rtu]|cp125[15]|euc-?(?:jp|kr|tw)|gb(?:k|2312|18030)|big5(?:-?hkscs)?|tis-?620|armscii-8|georgian-ps|ansi_x3\.4-1968)$/i;

/** What locale-gen takes: language_COUNTRY.CHARSET. */
function* locale(node: Node | undefined): Generator<Finding> {
  if (node?.kind !== 'scalar' || node.type !== 'str' || node.text === '' || /[${]/.test(node.text)) return;
  const [whole, charset] = LOCALE.exec(node.text) ?? [];
  const isLanguage = /^[a-z]{2,3}$/.test(node.text) && node.text !== 'C';
  if (whole && !isLanguage && (charset === undefined || CHARSET.test(charset))) return;
  const message = 'locale-gen knows no such locale; programs then run without one.';
  const make = isLanguage ? warning : error;
  yield make('locale-unknown', node, message, { given: node.text, expected: 'such as en_US.UTF-8' });
}
