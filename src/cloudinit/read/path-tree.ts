/** Paths as a tree of names, so that one walk along a path finds everything on the way to it. */
export class PathTree<Value> {
  private readonly below = new Map<string, PathTree<Value>>();
  value: Value | undefined;

  /** The existing nodes from below the root down to the path itself. */
  *along(path: string): Generator<PathTree<Value>> {
    let node: PathTree<Value> | undefined = this;
    for (const name of path.slice(1).split('/')) {
      node = node.below.get(name);
      if (!node) return;
      yield node;
    }
  }

  /** The same, with a new node wherever one is missing. */
  *growAlong(path: string): Generator<PathTree<Value>> {
    let node: PathTree<Value> = this;
    for (const name of path.slice(1).split('/')) {
      const next: PathTree<Value> = node.below.get(name) ?? new PathTree();
      node.below.set(name, next);
      node = next;
      yield node;
    }
  }
}
