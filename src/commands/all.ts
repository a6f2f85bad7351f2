/** Every verb, with what --help shows of it. A verb's own file is loaded when it is called. */
import type { Command } from './command';

/** One verb. */
export interface Verb {
  /** The verb with its words: `check [file]`. */
  readonly usage: string;
  readonly describe: string;
  readonly load: () => Promise<Command>;
}

/** Verbs below a verb: `verify ec2`. */
export interface VerbGroup {
  readonly name: string;
  readonly describe: string;
  readonly verbs: readonly Verb[];
}

export const isGroup = (one: Verb | VerbGroup): one is VerbGroup => 'verbs' in one;

export const nameOf = (one: Verb | VerbGroup): string =>
  isGroup(one) ? one.name : (one.usage.split(' ')[0] ?? '');

/** Not among them: `generate`, which is the command without a verb. */
export const VERBS: readonly (Verb | VerbGroup)[] = [
  {
    usage: 'check [file..]',
    describe: 'find mistakes in any user-data document',
    load: async () => (await import('./check')).checkCommand,
  },
  {
    usage: 'explain [code]',
    describe: 'explain the code of a mistake or warning',
    load: async () => (await import('./explain')).explainCommand,
  },
  {
    usage: 'show [file]',
    describe: 'list what a document contains',
    load: async () => (await import('./show')).showCommand,
  },
  {
    usage: 'extract <file> <dir>',
    describe: 'write the files of a document below a directory',
    load: async () => (await import('./extract')).extractCommand,
  },
  {
    name: 'verify',
    describe: 'test the document in a throwaway machine',
    verbs: [
      {
        usage: 'multipass [file]',
        describe: 'boot it on multipass',
        load: async () => (await import('./verify')).verifyMultipassCommand,
      },
      {
        usage: 'qemu [file]',
        describe: 'boot it on QEMU',
        load: async () => (await import('./verify')).verifyQemuCommand,
      },
      {
        usage: 'ec2 [file]',
        describe: 'boot it on EC2',
        load: async () => (await import('./verify')).verifyEc2Command,
      },
    ],
  },
  {
    name: 'bake',
    describe: 'make an image with Docker and images preinstalled',
    verbs: [
      {
        usage: 'qemu',
        describe: 'make a disk image (qcow2) with QEMU',
        load: async () => (await import('./bake-qemu')).bakeQemuCommand,
      },
      {
        usage: 'ec2',
        describe: 'make an image (AMI) of the account on EC2',
        load: async () => (await import('./bake-ec2')).bakeEc2Command,
      },
      {
        usage: 'list',
        describe: 'list the baked images on EC2',
        load: async () => (await import('./bake-ec2')).bakeListCommand,
      },
      {
        usage: 'remove <image..>',
        describe: 'remove baked images from EC2, with their snapshots',
        load: async () => (await import('./bake-ec2')).bakeRemoveCommand,
      },
    ],
  },
  {
    name: 'sweep',
    describe: 'list or remove leftovers of earlier runs',
    verbs: [
      {
        usage: 'ec2',
        describe: 'leftovers of verify and bake on EC2',
        load: async () => (await import('./sweep')).sweepEc2Command,
      },
    ],
  },
  {
    usage: 'page',
    describe: 'write the page that makes and checks documents in a browser',
    load: async () => (await import('./page')).pageCommand,
  },
  {
    usage: 'schema [of]',
    describe: 'print the JSON Schema of the --config file, or of what a verb prints',
    load: async () => (await import('./schema')).schemaCommand,
  },
  {
    usage: 'completion [shell]',
    describe: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./completion-script')).completionCommand,
  },
];
