/** What one code means. */
export interface Explanation {
  /** What it finds, in one sentence. */
  readonly finds: string;
  /** Why it matters: what happens otherwise. */
  readonly why: string;
  /** What to do. */
  readonly fix: string;
}

/** Rows of the table by code. */
export type Explanations = Readonly<Record<string, Explanation>>;
