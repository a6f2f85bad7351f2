// Progress: one line that is rewritten on a terminal, plain lines elsewhere.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Display, elapsed } from '../../src/verify/progress-line';

const test = suite('verify: progress');
const ESCAPE = String.fromCharCode(27);

class Paper {
  text = '';
  constructor(
    readonly isTTY: boolean,
    readonly columns = 60,
  ) {}
  write(text: string): void {
    this.text += text;
  }
}

test('without a terminal: one line per phase, and no control character', () => {
  const paper = new Paper(false);
  const display = new Display(paper, true);
  display.say('multipass launches 24.04');
  display.show('booting', `${ESCAPE}[1;32mhello${ESCAPE}[0m\rworld`);
  display.show('booting', 'another line within ten seconds');
  display.show('pulling', 'pulling postgres:15-alpine');
  display.show('pulling', 'pulling postgres:15-alpine');
  display.close();
  assert.equal(paper.text.replace(/^\[ +\d+ s\] /gm, '').split('\n'), [
    'multipass launches 24.04',
    'booting: hello world',
    'pulling: pulling postgres:15-alpine',
    '',
  ]);
});

test('on a terminal: one line, cut to its width, removed at the end', () => {
  const paper = new Paper(true);
  const display = new Display(paper, true);
  display.show('pulling', 'x'.repeat(200));
  const line = paper.text.slice(paper.text.lastIndexOf('\r'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is looked for are control characters.
  assert.ok(line.replace(/\x1b\[[0-9;]*[mK]/g, '').length <= 60, line);
  assert.match(line, `${ESCAPE}[1mpulling, 0 s`);
  assert.not.match(paper.text, '\n');
  display.say('a line that stays');
  assert.match(paper.text, 'a line that stays\n');
  display.close();
  assert.ok(paper.text.endsWith(`\r${ESCAPE}[K`));
});

test('NO_COLOR: no colours', () => {
  const paper = new Paper(true);
  const display = new Display(paper, false);
  display.show('pulling', 'x');
  display.close();
  assert.not.match(paper.text, 'm');
});

test('elapsed time in words', () => {
  assert.equal([0, 59_900, 60_000, 754_000].map(elapsed), ['0 s', '59 s', '1 m 00 s', '12 m 34 s']);
});

test.run();
