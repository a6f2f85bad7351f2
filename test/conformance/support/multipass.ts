/** Types of reemitted.mjs, which is not TypeScript because the stand-in multipass is a program that Node runs directly. */
export { reemitted, reemittedText } from '../../support/multipass/reemitted.mjs';
