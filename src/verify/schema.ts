/** JSON Schema (draft 7) of what `verify --json` prints; a test keeps it and the reports equal. */
import { DRAFT, object, text } from '../config/json-schema';

const number = (description: string) => ({ type: 'number', minimum: 0, description });

export function verifySchema(): object {
  const point = object({
    group: text('group: first boot, cloud-init, files, containers, from outside, closed, clean-up'),
    name: text('what was judged'),
    status: { enum: ['ok', 'failed', 'not judged'] },
    required: { type: 'boolean', description: 'whether the verdict needs it' },
    seen: text('what was seen, or why it could not be judged, in one line'),
    expected: text('what was expected, in one line'),
  });
  const kept = object(
    {
      enter: text('command that enters it'),
      remove: text('command that removes it'),
      until: text('when it ends automatically; missing where it does not'),
    },
    ['until'],
  );
  const machine = object(
    {
      kind: { enum: ['multipass', 'qemu', 'ec2'] },
      name: text('name or id under which it is, or was, found'),
      access: {
        enum: ['inside and outside', 'inside', 'console and outside', 'console'],
        description: 'viewpoints from which it could be checked',
      },
      kept,
    },
    ['kept'],
  );
  return {
    $schema: DRAFT,
    title: 'gen-cloudinit verify --json',
    ...object({
      verdict: {
        enum: ['ok', 'failed'],
        description: 'ok: nothing failed, and everything that is required was judged',
      },
      domain: text('DNS name of the server'),
      serverName: text('domain part of user IDs'),
      machine,
      document: object({
        bytes: { type: 'integer', minimum: 1 },
        sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
      }),
      seconds: object({
        launch: number('until the machine answered'),
        firstBoot: number('until its first boot had ended, the launch included'),
        total: number('in all'),
      }),
      points: { type: 'array', items: point, minItems: 1 },
      notes: { type: 'array', items: text('what a reader has to know') },
      saved: { type: 'array', items: text('path of a log that was saved') },
    }),
  };
}
