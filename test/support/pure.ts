/** What has to run in a browser one day: src/build.mjs bundles it for one, and the layers' test runs it without Node. */
export { document } from '../../src/cloudinit/document';
export { onLadder } from '../../src/cloudinit/ladder';
export { planExtract } from '../../src/cloudinit/lint/extract-plan';
export { inspect } from '../../src/cloudinit/lint/inspect';
export { lint } from '../../src/cloudinit/lint/lint';
export { resolve } from '../../src/deployment/deployment';
