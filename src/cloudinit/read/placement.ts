/** Texts inside the document (parts, entries of an archive, rendered templates), and where their characters come from. */

/** Where offsets of a text are in the document that the user sees. */
export interface Placement {
  at(offset: number): number;
  /** Whether lines of the text are lines of the document; else all of it is at one place. */
  readonly isExact: boolean;
}

export interface Placed {
  readonly text: string;
  readonly placement: Placement;
}

export const AS_IT_IS: Placement = { at: (offset) => offset, isExact: true };

/** A text that cannot be found in the document, such as one in base64. */
export function atOnePlace(text: string, start: number): Placed {
  return { text, placement: { at: () => start, isExact: false } };
}

export function sliced({ text, placement }: Placed, start: number, end = text.length): Placed {
  const at = (offset: number) => placement.at(start + Math.min(offset, end - start));
  return { text: text.slice(start, end), placement: { at, isExact: placement.isExact } };
}

/** A text put together from pieces of another one. */
export class Pieces {
  private readonly texts: string[] = [];
  private readonly starts: number[] = [];
  private readonly origins: number[] = [];
  private length = 0;

  /** @param origin offset in the other text from which the piece comes */
  add(piece: string, origin: number): void {
    if (piece === '') return;
    this.starts.push(this.length);
    this.origins.push(origin);
    this.texts.push(piece);
    this.length += piece.length;
  }

  /** @param of where offsets of the other text are */
  joined(of: Placement): Placed {
    const { starts, origins } = this;
    const at = (offset: number) => {
      let [low, high] = [0, starts.length - 1];
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if (starts[middle]! <= offset) low = middle;
        else high = middle - 1;
      }
      return of.at((origins[low] ?? 0) + offset - (starts[low] ?? 0));
    };
    return { text: this.texts.join(''), placement: { at, isExact: of.isExact } };
  }
}
