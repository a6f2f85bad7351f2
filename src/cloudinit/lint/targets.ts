/** Where the document will boot: what is known about its cloud-init and its system changes what the rules report. */
export interface Target {
  /** The release of cloud-init; of an image, the one that its updates bring. */
  readonly cloudInit?: string;
  /** The names of time zones that tzdata-legacy holds are missing. */
  readonly lacksLegacyZones?: boolean;
  /** The document passes through multipass, which rewrites it. */
  readonly isMultipass?: true;
}

const RELEASES = ['22.4', '23.4', '24.1', '24.2', '24.3', '24.4', '25.1', '25.2', '25.3', '26.1', '26.2'];

export const TARGETS: Readonly<Record<string, Target>> = {
  multipass: { isMultipass: true },
  'ubuntu-22.04': { cloudInit: '26.1', lacksLegacyZones: false },
  'ubuntu-24.04': { cloudInit: '26.1', lacksLegacyZones: true },
  'ubuntu-26.04': { cloudInit: '26.1', lacksLegacyZones: true },
  'debian-12': { cloudInit: '22.4', lacksLegacyZones: false },
  'debian-13': { cloudInit: '25.1', lacksLegacyZones: true },
  ...Object.fromEntries(RELEASES.map((release) => [`cloud-init-${release}`, { cloudInit: release }])),
};

export const TARGET_NAMES = Object.keys(TARGETS);

/** Whether release `a` is older than `b`: `22.4` than `24.1`. */
export function isOlder(a: string, b: string): boolean {
  const [[year = 0, part = 0], [otherYear = 0, otherPart = 0]] = [a, b].map((text) =>
    text.split('.').map(Number),
  ) as [number[], number[]];
  return year === otherYear ? part < otherPart : year < otherYear;
}
