/** A template with values: rendered by a function that src/build.mjs compiles. */
declare module '*.ejs' {
  const render: (values: unknown) => string;
  export default render;
}
/** The version in package.json, put in by src/build.mjs. */
declare const __VERSION__: string;
