/** Zopfli on its own, so that its chunk is loaded only where something is compressed. */
export { gzipAsync } from '@gfx/zopfli';
