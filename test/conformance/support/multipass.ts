/** Re-exports reemitted.mjs, which is not TypeScript, because the stand-in multipass imports it and Node runs that directly. */
export { reemitted, reemittedText } from '../../support/multipass/reemitted.mjs';
