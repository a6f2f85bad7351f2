/** What one code means. */
export interface Explanation {
  /** What the rule finds, in one sentence. */
  readonly finds: string;
  /** Why it matters: what would happen otherwise. */
  readonly why: string;
  /** What to do. */
  readonly fix: string;
  /** Two documents: the first gives the code, the second does not. The first line is the header, if none is written. */
  readonly example?: { readonly faulty: string; readonly fixed: string };
}

/** Rows of the table by code. */
export type Explanations = Readonly<Record<string, Explanation>>;
