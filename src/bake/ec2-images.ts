/** The images that bakes have made: listing and removing them. */
import { removeAll } from '../machines/ec2/cleanup';
import { connect } from '../machines/ec2/client';
import type { Ec2Account } from '../machines/ec2/ec2-flags';
import { PACING, type Pacing } from '../machines/ec2/pacing';
import type { Outcome } from '../machines/ec2/remove';
import { findResources, type Resource, unnamed } from '../machines/ec2/resources';

export interface BakedImage {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  /** EC2's word: `available` when it can be used. */
  readonly state: string;
  readonly architecture: string;
  /** ISO 8601 */
  readonly created: string;
  readonly snapshots: readonly string[];
  /** The run that made it. */
  readonly run: string;
}

export function bakedImage(thing: Resource): BakedImage {
  const { id, name, region, state, architecture, created, snapshots, run } = thing;
  return { id, name, region, state, architecture, created, snapshots, run };
}

/**
 * All images in this account and region that carry our tag, newest first.
 * @throws Ec2Error; Stopped when the signal is aborted
 */
export async function bakeList(
  account: Ec2Account,
  signal: AbortSignal,
  pace: Pacing = PACING,
): Promise<readonly BakedImage[]> {
  const ec2 = await connect(account, pace);
  try {
    const images = await findResources(ec2, 'image', undefined, signal);
    return images.map(bakedImage).sort((a, b) => b.created.localeCompare(a.created));
  } finally {
    ec2.close();
  }
}

/**
 * Removes images with their snapshots; refuses images that no bake has made.
 * @param wanted ids or names
 * @throws Error when a bake did not make one of them, before anything is removed; Ec2Error; Stopped
 */
export async function bakeRemove(
  wanted: readonly string[],
  account: Ec2Account,
  events: { progress(line: string): void },
  signal: AbortSignal,
  pace: Pacing = PACING,
): Promise<Outcome> {
  const ec2 = await connect(account, pace);
  try {
    const images = await findResources(ec2, 'image', undefined, signal);
    const chosen = wanted.map((word) => {
      const image = images.find(({ id, name }) => id === word || name === word);
      if (image) return image;
      throw new Error(`${ec2.region} has no image ${word} that a bake has made: see gen-cloudinit bake list`);
    });
    const things = chosen.flatMap((image) => [
      image,
      ...image.snapshots.map((id) => unnamed('snapshot', id, image.region, image.run)),
    ]);
    // EC2 may keep a snapshot for a moment after its image has gone, and then no list leads to it any more.
    const find = async () => ({ things, left: [] });
    return await removeAll(find, 1, { ec2, pace, progress: events.progress, signal });
  } finally {
    ec2.close();
  }
}
