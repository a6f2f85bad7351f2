/** A template with values: rendered by a function that src/build.mjs compiles. */
declare module '*.ejs' {
  const render: (values: unknown) => string;
  export default render;
}
/** The version in package.json, put in by src/build.mjs. */
declare const __VERSION__: string;
/** Docker's apt key. */
declare module '*.asc' {
  const text: string;
  export default text;
}
declare module '*/README' {
  const text: string;
  export default text;
}
/** A script; the same as cloud-init's encoding gz+b64; and without the module that a document may omit. */
declare module '*.sh' {
  const text: string;
  export default text;
  export const core: string;
  export const packed: string;
}
/** The script of the bake, and the same as cloud-init's encoding gz+b64. */
declare module '*/gen-cloudinit-bake' {
  const text: string;
  export default text;
  export const packed: string;
}
declare module '*.service' {
  const text: string;
  export default text;
}
