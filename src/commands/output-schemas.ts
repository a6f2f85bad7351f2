/** JSON Schemas of what check, show and extract print with --json, and of `matrixctl doctor --json`. */
import { count, DRAFT, flag, list, object, text } from '../config/json-schema';

const line = (description: string) => ({ ...count(description), minimum: 1 });

const titled = (title: string, schema: object) => ({ $schema: DRAFT, title, ...schema });

export function checkSchema(): object {
  const finding = object(
    {
      severity: { enum: ['error', 'warning', 'info'] },
      code: text('what is wrong, as gen-cloudinit explain knows it'),
      path: text('place in the document, such as write_files[3].owner; empty for the whole of it'),
      message: text('what is wrong, in one sentence'),
      given: text('what the document has'),
      expected: text('what cloud-init accepts'),
      hint: text('what to do'),
      line: line('line in the plain text, from 1'),
      column: line('column in that line, from 1'),
      file: text('file of that line, where it is not the document'),
      excerpt: text('the line itself, unless it may contain a secret'),
    },
    ['given', 'expected', 'hint', 'line', 'column', 'file', 'excerpt'],
  );
  return titled('gen-cloudinit check --json', list(finding, 'every finding, in the order of the document'));
}

const mode = { type: 'string', pattern: '^[0-7]{4}$', description: 'octal digits' };

export function showSchema(): object {
  const file = object(
    {
      path: text('path on the server'),
      owner: text('user:group'),
      mode,
      bytes: count('decoded; absent where the content does not decode'),
      encoding: text('as the document names it'),
      line: line('line of its entry'),
      deferred: flag('whether cloud-init writes it at the end of the boot'),
      appended: flag('whether the content is added to the file'),
      source: text('address that cloud-init fetches the content from'),
      problem: text('why the content does not decode'),
    },
    ['bytes', 'source', 'problem'],
  );
  const part = object(
    {
      type: text('content type, as cloud-init decides it'),
      name: text('name of the part'),
      line: line('line where it begins'),
      problem: text('why cloud-init refuses or ignores it'),
    },
    ['problem'],
  );
  const fit = object({
    provider: text('name for --provider'),
    name: text('name for people'),
    counted: count('bytes as the provider counts them'),
    limit: count('bytes that it accepts'),
    formTaken: flag('whether it passes this form on to cloud-init'),
    fits: flag('whether it accepts the document'),
  });
  const texts = (description: string) => list({ type: 'string' }, description);
  return titled(
    'gen-cloudinit show --json',
    object(
      {
        kind: text('cloud-config, script, jinja, and so on'),
        form: { enum: ['yaml', 'gzip', 'base64'] },
        layers: texts('what the document was packed in, from the outside'),
        bytes: object({ given: count('as given'), document: count('as plain text') }),
        lines: count('lines of the plain text'),
        problem: text('why nothing more can be shown'),
        parts: list(part, 'what cloud-init hands to its handlers'),
        keys: texts('top-level keys'),
        files: list(file),
        packages: texts('packages to install'),
        aptSources: list(
          object({ name: text('name'), source: text('line of the source'), key: text('where its key is') }),
        ),
        users: texts('names of users'),
        bootcmd: texts('commands early at every boot'),
        runcmd: texts('commands at the end of the first boot'),
        sizes: list(fit, 'every provider in the list'),
        rung: text("form of gen-cloudinit's own documents"),
      },
      ['problem', 'rung'],
    ),
  );
}

export function extractSchema(): object {
  const written = object({
    path: text('path on the server'),
    file: text('path of the file that was written'),
    bytes: count('size'),
    mode,
    owner: text('owner on the server; here the caller owns the file'),
  });
  const refused = object({ path: text('path on the server'), reason: text('why it was not written') });
  return titled(
    'gen-cloudinit extract --json',
    object({ directory: text('absolute path'), written: list(written), refused: list(refused) }),
  );
}

export function doctorSchema(): object {
  const check = object({
    check: text('name, as matrixctl doctor --only takes it'),
    verdict: {
      enum: ['ok', 'warning', 'failed', 'error'],
      description: 'error: the check itself is defective',
    },
    seen: text('what the check saw; may be empty'),
    advice: text('the next command or step; empty where nothing is wrong'),
  });
  return titled('matrixctl doctor --json', { ...list(check), minItems: 1 });
}
