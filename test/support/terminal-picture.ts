/** A picture (SVG) of a terminal, for the README: text stays text, so that it is sharp and can be searched. */

const [LINE, CHARACTER, MARGIN] = [20, 8.43, 16];

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Breaks a line at spaces, as a terminal of this many columns would. */
function wrap(line: string, columns: number): string[] {
  const rows = [''];
  for (const word of line.split(/(?<= )/)) {
    if (rows.at(-1)!.length + word.trimEnd().length > columns) rows.push('');
    rows.push(`${rows.pop()}${word}`);
  }
  return rows;
}

/** @param command what was typed @param output what it printed @param columns width of the terminal */
export function terminalPicture(command: string, output: string, columns = 100): string {
  const lines = output.trimEnd().split('\n');
  const rows = [
    ...wrap(`$ ${command}`, columns).map((row) => ({ row, color: '#8fd18f' })),
    ...lines.flatMap((line) => wrap(line, columns)).map((row) => ({ row, color: '#e6e6e6' })),
  ];
  const [width, height] = [Math.ceil(columns * CHARACTER + 2 * MARGIN), rows.length * LINE + 2 * MARGIN];
  const texts = rows.map(
    ({ row, color }, index) =>
      `  <text x="${MARGIN}" y="${MARGIN + LINE * (index + 0.75)}" fill="${color}">${escaped(row.trimEnd())}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" xml:space="preserve">`,
    `  <title>${escaped(command)}</title>`,
    `  <rect width="${width}" height="${height}" rx="8" fill="#1e1f29"/>`,
    '  <g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="14">',
    ...texts,
    '  </g>',
    '</svg>',
    '',
  ].join('\n');
}
