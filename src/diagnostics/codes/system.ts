import type { Explanations } from './explanation';

/** Names that must exist on the system, and what a template leaves behind. */
export const SYSTEM = {
  'timezone-unknown': {
    finds: 'The time zone is not in the tz database.',
    why: 'cloud-init raises "Invalid timezone", cc_timezone.py fails, and the clock stays in UTC.',
    fix: 'Use a name of `timedatectl list-timezones`, such as Europe/Berlin.',
    example: { faulty: 'timezone: Europe/Berln\n', fixed: 'timezone: Europe/Berlin\n' },
  },
  'timezone-legacy': {
    finds: 'The time zone has an old name, such as US/Eastern.',
    why: 'Debian 13 and Ubuntu 24.04 moved old names to the package tzdata-legacy. Without it cc_timezone.py fails.',
    fix: 'Use the name of a city, such as America/New_York.',
    example: { faulty: 'timezone: US/Eastern\n', fixed: 'timezone: America/New_York\n' },
  },
  'locale-unknown': {
    finds: 'The locale is not of the form language_COUNTRY.CHARSET.',
    why: 'locale-gen refuses it, and cc_locale.py fails.',
    fix: 'Write it in full, such as de_DE.UTF-8.',
    example: { faulty: 'locale: de_DE.utf-9\n', fixed: 'locale: de_DE.UTF-8\n' },
  },
  'jinja-no-header': {
    finds: "The document uses cloud-init's Jinja variables without the header of a template.",
    why: 'cloud-init renders a document only below `## template: jinja`. Without the header the braces stay in the text.',
    fix: 'Make `## template: jinja` the first line and #cloud-config the second.',
    example: {
      faulty: 'hostname: "{{ ds.meta_data.instance_id }}"\n',
      fixed: '## template: jinja\n#cloud-config\nhostname: "{{ ds.meta_data.instance_id }}"\n',
    },
  },
  placeholder: {
    finds: 'A value still contains a placeholder of a template or of instructions.',
    why: 'Neither cloud-init nor a shell fills it in. The setting gets the placeholder itself, or the command fails.',
    fix: 'Write the value, or render the template before you pass it on.',
    example: {
      faulty: 'runcmd:\n- pro attach <TOKEN>\n',
      fixed: 'runcmd:\n- pro attach "$(cat /run/token)"\n',
    },
  },
} as const satisfies Explanations;
