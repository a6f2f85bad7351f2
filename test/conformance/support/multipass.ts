/** See there; the multipass of test/support is a program of its own, which reads no TypeScript. */
export { reemitted, reemittedText } from '../../support/multipass/reemitted.mjs';
