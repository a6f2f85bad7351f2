/**
 * Writes a value from outside as one token of the file that receives it. Templates choose the function by the name of the
 * file (src/build.mjs), so that no value reaches a file unquoted; `<%- %>` is the marked exception.
 */
export type Escape = (value: unknown) => string;

/** Words that YAML 1.1 does not read as text. */
const YAML_WORDS = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

const yaml: Escape = (value) => {
  const text = String(value);
  const plain = /^[A-Za-z/][A-Za-z0-9_./@:+-]*$/.test(text) && !text.endsWith(':') && !YAML_WORDS.test(text);
  return plain || typeof value === 'number' ? text : JSON.stringify(text);
};

/** Docker Compose replaces `$NAME` in every value; `$$` is a dollar. */
const compose: Escape = (value) => yaml(value).replaceAll('$', '$$$$');

const json: Escape = (value) => JSON.stringify(value);

const shell: Escape = (value) => {
  const text = String(value);
  return /^[A-Za-z0-9_/.:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
};

/** nginx cannot escape a dollar, and Compose's env files have several ways to read one: refuse instead. */
const plain: Escape = (value) => {
  const text = String(value);
  if (!/^[A-Za-z0-9_/.:@%+=\-[\]~]*$/.test(text))
    throw new Error(`cannot be written safely: ${JSON.stringify(text)}`);
  return text;
};

const BY_EXTENSION: Readonly<Record<string, Escape>> = { yaml, json, conf: plain, env: plain, sh: shell };
const BY_NAME: Readonly<Record<string, Escape>> = {
  'docker-compose.yml': compose,
  'compose.yml': compose,
  'gen-cloudinit.env': shell,
};

/**
 * @param name a file's name on the server, such as `homeserver.yaml`
 * @returns the function that writes one value as a token of that kind of file
 * @throws Error for a kind of file without a rule
 */
export function escapeFor(name: string): Escape {
  const found = BY_NAME[name] ?? BY_EXTENSION[name.slice(name.lastIndexOf('.') + 1)];
  if (!found) throw new Error(`no rule to write values into ${name}`);
  return found;
}

/** One word of a shell command. */
export const quoted: Escape = escapeFor('command.sh');
