import type { Explanations } from './explanation';

/** Size and providers, then machines: what happens to a document after it is compiled. */
export const HANDOVER = {
  'too-large': {
    finds: 'The document that gen-cloudinit makes is larger than the provider takes.',
    why: 'The provider refuses to create the server.',
    fix: 'Use the flag in the hint, such as --script-url, or remove SSH keys.',
  },
  size: {
    finds: 'The document is larger than a provider takes.',
    why: 'The provider refuses to create a server with it.',
    fix: 'Compress the document with `gzip -9` where the provider takes gzip. Else let the server fetch its large files.',
  },
  'provider-form': {
    finds: 'The document is gzip or base64, and a provider passes it to the server without decoding it.',
    why: 'cloud-init finds no header in it and ignores it. The machine boots without the document.',
    fix: 'Leave --format out and name the provider with --provider: gen-cloudinit then chooses a form that works.',
  },
  provider: {
    finds: 'The list of providers does not contain the name.',
    why: 'gen-cloudinit knows neither a limit nor the forms of that provider, so it cannot check the document.',
    fix: 'Use one of the names in the line "expected", or leave the provider out.',
  },
  'core-only': {
    finds:
      "The document leaves out matrixctl's doctor, backup, restore and update to fit the provider's limit.",
    why: 'The server runs, but these four commands are missing on it.',
    fix: 'Add --script-url URL, from which the server fetches the whole matrixctl.',
  },

  // Machines: multipass, and the image that bake writes.
  'multipass-form': {
    finds: 'The document for multipass is gzip or base64.',
    why: 'multipass reads user data as YAML text and rewrites it, so it takes nothing but plain YAML.',
    fix: 'Add `--format yaml`, or boot a gzip document with `gen-cloudinit verify qemu`.',
  },
  'multipass-kind': {
    finds: 'The document for multipass is not a cloud-config, or lacks its header.',
    why: 'multipass reads user data as one YAML text and rewrites it (canonical/multipass issue 1892). Nothing but a cloud-config passes.',
    fix: 'Begin the document with #cloud-config.',
  },
  'multipass-type': {
    finds: 'A value has another type after multipass has rewritten the document.',
    why: "multipass drops quotes: 'yes' becomes true and '1.20' becomes 1.2 on its machines. Providers pass the document on unchanged.",
    fix: "Nothing has to change elsewhere. For multipass write '0o644' instead of '0644'.",
    example: { faulty: "final_message: 'yes'\n", fixed: "final_message: 'yes.'\n" },
  },
  taken: {
    finds: 'The file that `bake qemu` should write exists.',
    why: 'gen-cloudinit does not overwrite an image.',
    fix: 'Remove the file, or name another one with --output.',
  },
  'not-writable': {
    finds: 'gen-cloudinit cannot create the file that `bake qemu` should write.',
    why: 'The bake would take its time, and then have no place for the image.',
    fix: 'Create the directory with `mkdir -p`, or name a file in a directory of yours with --output.',
  },
} as const satisfies Explanations;
