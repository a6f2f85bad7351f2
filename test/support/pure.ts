/** The code that must run in a browser: src/build.mjs bundles it for one, and the test of the layers runs it without Node. */

export { lint } from '../../src/cloudinit/lint/lint';
export { planExtract } from '../../src/cloudinit/read/extract-plan';
export { inventory } from '../../src/cloudinit/read/inventory';
export { readUserData } from '../../src/cloudinit/read/user-data';
export { document } from '../../src/cloudinit/write/document';
export { onLadder } from '../../src/cloudinit/write/ladder';
export { resolve } from '../../src/config/resolve';
