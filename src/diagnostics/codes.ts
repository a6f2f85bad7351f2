/** What the code of each mistake and warning means; `gen-cloudinit explain CODE` prints it. */
export interface Explanation {
  /** What it finds, in one sentence. */
  readonly finds: string;
  /** Why it matters. */
  readonly why: string;
  /** What to do. */
  readonly fix: string;
}

export const CODES: Readonly<Record<string, Explanation>> = {
  'missing-option': {
    finds: 'An option without which no document can be made is missing.',
    why: 'The domain is part of every address, certificate and user ID; it has no sensible default.',
    fix: 'Give the option on the command line, or in the file that --config names.',
  },
};
