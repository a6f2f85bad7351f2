import 'yargs';

declare module 'yargs' {
  // Missing in @types/yargs; documented in yargs' docs/api.md.
  interface Argv<T> {
    usageConfiguration(configuration: { 'hide-types': boolean }): Argv<T>;
  }
}
