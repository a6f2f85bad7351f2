/** Zopfli on its own, so that the chunk which holds it is loaded only where something is compressed. */
export { gzipAsync } from '@gfx/zopfli';
