import type { Code } from '.';

/** Rules that report only on request, with the flag that requests them. Apart from the texts, which a page may leave out. */
export const ON_REQUEST: Partial<Record<Code, '--strict' | '--target multipass'>> = {
  // It works without the fix.
  'runcmd-no-set-e': '--strict',
  // Nothing but multipass rewrites a document.
  'multipass-type': '--target multipass',
};
