import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bakeDocument } from '../src/bake/image-document';
import { resolve } from '../src/config/resolve';
import { COMBINATIONS, generated, SSH_KEYS } from './conformance/support/documents';

/** Scans every document for texts that look like a secret, in all files as they land. */
const secrets = suite('secret scan');

/** Well-known formats of keys and tokens (from the formats' own documentation). */
const SHAPES =
  /PRIVATE KEY|AKIA[0-9A-Z]{16}|\bgh[pousr]_\w{20,}|\bglpat-|\bxox[abp]-|\bsyt_\w+|\beyJ[\w-]{10,}\.|\$[256][aby]?\$|(?:password|secret|token)["']?[:=] *["']?[^\s"'{$<]{12,}/i;

/** Entropy of the text, in bits per letter. */
function entropy(word: string): number {
  const counts = new Map<string, number>();
  for (const letter of word) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return -[...counts.values()].reduce((sum, n) => sum + (n / word.length) * Math.log2(n / word.length), 0);
}

/** Words that look like secrets, except public keys. */
function suspects(text: string): string[] {
  const known = SSH_KEYS.join(' ');
  const words = text
    .replace(/-----BEGIN PGP PUBLIC[\s\S]*?-----END PGP PUBLIC.*/g, '')
    .replace(/^ *DOCKER_APT_SHA256=[0-9a-f]{64}$/gm, '') // the checksum of that key
    .match(/[A-Za-z0-9+/_=-]{22,}/g);
  const random = (words ?? []).filter(
    (word) => /\d/.test(word) && /[A-Z]/.test(word) && /[a-z]/.test(word) && entropy(word) > 4,
  );
  const shaped = SHAPES.exec(text)?.[0];
  return [...random.filter((word) => !known.includes(word)), ...(shaped ? [shaped] : [])];
}

/** A document's text without the packed files. */
function withoutPacked(text: string): string {
  const { write_files: files = [] } = load(text) as {
    write_files?: { encoding?: string; content: string }[];
  };
  return files.reduce(
    (rest, { encoding, content }) => (encoding ? rest.replace(content.trim(), '') : rest),
    text,
  );
}

secrets('the scan finds planted secrets', () => {
  for (const planted of [
    'registration_shared_secret: hunter2hunter2',
    'key: p9TzX4Yb0QmK7sLw2NfVc8RjEa1HdGu5oIxWqZyBtMk',
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    'aws_access_key_id = AKIAIOSFODNN7EXAMPLE',
  ])
    assert.ok(suspects(`#cloud-config\n${planted}\n`).length > 0, planted);
});

secrets(
  'no document of any combination of options holds one, as text or in a file that travels packed',
  () => {
    for (const { name, text, files } of COMBINATIONS.map(generated)) {
      assert.equal(suspects(withoutPacked(text)), [], name);
      for (const { path, content } of files) assert.equal(suspects(content), [], `${name} ${path}`);
    }
  },
);

secrets('nor does an example in out/, nor the document of a bake', () => {
  const examples = readdirSync('out').filter((file) => file.endsWith('.yaml'));
  assert.ok(examples.length > 2);
  for (const file of examples) {
    const text = readFileSync(`out/${file}`, 'utf8').replace(/^- ssh-.*$/gm, '');
    assert.equal(suspects(withoutPacked(text)), [], file);
  }
  const { deployment } = resolve({ domain: 'matrix.example.org' });
  assert.equal(suspects(withoutPacked(bakeDocument(deployment!))), []);
});

secrets.run();
