import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Coverage, shown } from './coverage';
import { MODULES, Sandbox } from './sandbox';

export interface ModuleSuite {
  (title: string, body: (server: Sandbox) => void): void;
  /**
   * Runs the tests, and then fails for each command of the module that no test ran. `untested` names the commands that
   * cannot run without root, each with the reason.
   */
  run(untested?: Readonly<Record<string, string>>): void;
}

/** Tests of one module of matrixctl, each in a sandbox of its own. */
export function suiteOf(module: string): ModuleSuite {
  const inner = suite(module);
  const coverage = new Coverage();
  const test = (title: string, body: (server: Sandbox) => void) =>
    inner(title, () => {
      const server = new Sandbox(coverage);
      try {
        body(server);
      } finally {
        server.close();
      }
    });
  const run = (untested: Readonly<Record<string, string>> = {}) => {
    inner('the tests run every command of the module', () => {
      const missed = coverage.missed(join(MODULES, `${module}.sh`)).map(shown);
      const isNamed = (text: string) => Object.keys(untested).some((name) => text.endsWith(`: ${name}`));
      assert.equal(
        missed.filter((text) => !isNamed(text)),
        [],
      );
      const stale = Object.keys(untested).filter(
        (name) => !missed.some((text) => text.endsWith(`: ${name}`)),
      );
      assert.equal(stale, [], 'these are named as untested, and a test runs them');
    });
    inner.run();
  };
  return Object.assign(test, { run });
}
