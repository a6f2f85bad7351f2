/**
 * The part of cloud-init's cloud-config that this project emits, in cloud-init's own names.
 * Source: cloud-init's schema-cloud-config-v1.json.
 */
export interface WriteFile {
  readonly path: string;
  /** `name:name`; cloud-init looks owners up by name only, so ids do not work (cc_write_files.py). */
  readonly owner: string;
  /** As `permissions` writes them. */
  readonly permissions: string;
  readonly encoding?: 'gz+b64';
  readonly content: string;
}

export interface CloudConfig {
  readonly timezone?: string;
  readonly ssh_authorized_keys?: readonly string[];
  /** At every boot, before files are written. */
  readonly bootcmd: readonly string[];
  readonly write_files: readonly WriteFile[];
  readonly runcmd: readonly string[];
}

/**
 * Permissions in a form that every reader between the document and the server reads as text. multipass up to 1.16.3 drops
 * the quotes of '0644', which then is a number and violates cloud-init's schema. 0o644 is text to YAML 1.1 without
 * quotes too, and cloud-init has always read it (decode_perms: `int(text, 8)`).
 * @param mode four octal digits
 */
export function permissions(mode: string): string {
  return mode.replace(/^0/, '0o');
}
