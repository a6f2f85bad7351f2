import type { Explanations } from './explanation';

/** Header: what cloud-init takes the user data for, and how its text is encoded. */
export const HEADER = {
  'header-missing': {
    finds: 'The document does not begin with #cloud-config or another header of cloud-init.',
    why: 'cloud-init (handlers/__init__.py) logs "Unhandled non-multipart userdata" and ignores the document. The machine boots without it.',
    fix: 'Make #cloud-config the first line, without a space after the # and without a comment above.',
    example: {
      faulty: '# my server\n#cloud-config\npackages: [git]\n',
      fixed: '#cloud-config\n# my server\npackages: [git]\n',
    },
  },
  'header-bom': {
    finds: 'A byte order mark precedes the header.',
    why: 'cloud-init compares the first characters, does not find #cloud-config and ignores the document.',
    fix: "Save the file as UTF-8 without a byte order mark: `sed -i '1s/^\\xef\\xbb\\xbf//' FILE` removes it.",
  },
  'header-position': {
    finds: 'White space precedes #cloud-config.',
    why: 'cloud-init skips it, but not every other reader of user data does.',
    fix: 'Make #cloud-config the first characters of the file.',
    example: { faulty: '\n#cloud-config\npackages: [git]\n', fixed: '#cloud-config\npackages: [git]\n' },
  },
  'header-spelling': {
    finds: 'The header is in capital letters, or other text follows it without a space.',
    why: 'cloud-init compares the beginning in lower case and accepts it, but not every other reader does.',
    fix: 'Write #cloud-config alone in the first line.',
    example: { faulty: '#Cloud-Config\npackages: [git]\n', fixed: '#cloud-config\npackages: [git]\n' },
  },
  'kind-not-checked': {
    finds:
      'A part of the user data is of a kind that `check` looks into only partly, such as a Jinja template.',
    why: 'Mistakes that depend on the server, or on the language of the part, stay unseen until the first boot.',
    fix: 'Nothing has to change. On a server, `cloud-init devel render FILE` shows what a template becomes.',
  },
  'input-form': {
    finds: 'The input is gzip or base64; `check` reads the document inside.',
    why: 'Lines and columns of all messages count in that document, not in the file.',
    fix: 'Nothing has to change. `gunzip < FILE` shows a gzip document, `base64 -d FILE | gunzip` one in base64.',
  },
  'input-gzip': {
    finds: 'The gzip input does not unpack.',
    why: 'cloud-init cannot unpack it either, finds no header and ignores it. The machine boots without the document.',
    fix: 'Compress it again with `gzip -9`, and hand it over as binary: the AWS CLI needs fileb:// before the name.',
  },
  'not-utf8': {
    finds: 'The document is not UTF-8.',
    why: 'cloud-init decodes user data as UTF-8. Its YAML reader refuses the other bytes, and cloud-init drops the document.',
    fix: 'Convert it, such as with `iconv -f latin1 -t utf-8 OLD > NEW`.',
  },
  'non-ascii': {
    finds: 'The document contains characters that are not ASCII.',
    why: 'cloud-init reads them as UTF-8. They break if the document looks like a MIME message (mime-trap).',
    fix: 'Nothing has to change. A file with `encoding: b64` keeps its characters everywhere.',
    example: { faulty: 'final_message: fertig \u2713\n', fixed: 'final_message: done\n' },
  },
  'mime-trap': {
    finds: 'The first 4096 bytes contain "MIME-Version:", although the document is not a MIME message.',
    why: 'cloud-init (user_data.py, convert_string) then parses it as one. ASCII survives; with other characters its YAML reader refuses the document.',
    fix: 'Encode the file that holds the words with `encoding: b64`, or move it to the end of the document.',
    example: { faulty: 'final_message: |\n  MIME-Version: 1.0\n', fixed: 'final_message: done\n' },
  },
  crlf: {
    finds: 'Lines end in CR LF, as editors on Windows write them.',
    why: 'YAML reads CR LF as one line end, so the files on the server get LF.',
    fix: 'Nothing has to change for files that want LF. Encode a file that needs CR LF with `encoding: b64`.',
    example: { faulty: 'hostname: matrix\r\n', fixed: 'hostname: matrix\n' },
  },
} as const satisfies Explanations;
