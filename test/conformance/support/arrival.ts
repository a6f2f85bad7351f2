import { spawnSync } from 'node:child_process';
import type { PyYaml } from './yaml';

interface CloudConfig {
  write_files: { path: string; content: string; encoding?: string }[];
  runcmd: string[];
  timezone?: string;
  ssh_authorized_keys?: string[];
}

/** A document as the server's programs read it: each embedded file by the parser that reads it there. */
export class Arrival {
  private constructor(
    private readonly python: PyYaml,
    readonly config: CloudConfig,
  ) {}

  static async read(python: PyYaml, text: string): Promise<Arrival> {
    return new Arrival(python, (await python.read(text)) as CloudConfig);
  }

  get paths(): string[] {
    return this.config.write_files.map(({ path }) => path);
  }

  /** The content of the file whose path ends so. */
  text(end: string): string {
    const found = this.config.write_files.filter(({ path }) => path.endsWith(end));
    if (found.length !== 1) throw new Error(`${found.length} files end with ${end}`);
    if (found[0]?.encoding) throw new Error(`${end} is encoded`);
    return found[0]?.content ?? '';
  }

  /** A YAML file, at a path of keys. */
  async yaml(end: string, ...keys: string[]): Promise<unknown> {
    return keys.reduce<unknown>(
      (data, key) => (data as Record<string, unknown>)[key],
      await this.python.read(this.text(end)),
    );
  }

  /**
   * The same for a Compose file, whose values Compose interpolates: `$$` is a dollar.
   * @throws Error where a single dollar would be replaced
   */
  async compose(end: string, ...keys: string[]): Promise<unknown> {
    const value = await this.yaml(end, ...keys);
    if (typeof value !== 'string') return value;
    if (/(?<!\$)(?:\$\$)*\$(?!\$)/.test(value))
      throw new Error(`Compose would replace a variable in ${value}`);
    return value.replaceAll('$$', '$');
  }

  json(end: string): unknown {
    return JSON.parse(this.text(end));
  }

  /** A variable of the server's settings, as the shell that sources them sees it. */
  setting(name: string): string {
    return shell(`${this.text('/etc/gen-cloudinit.env')}\nprintf %s "$${name}"`);
  }

  /** The words of the first boot's line that contains a text, as the shell splits them. */
  words(part: string): string[] {
    const line = this.config.runcmd.find((candidate) => candidate.includes(part)) ?? '';
    return shell(`docker() { printf '%s\\0' docker "$@"; }\n${line}`).split('\0').slice(0, -1);
  }

  /** Properties that must not depend on a value: the number of files, commands and keys. */
  async shape(): Promise<unknown> {
    const embedded = this.paths.filter((path) => /\.ya?ml$/.test(path));
    return {
      files: this.paths.length,
      commands: this.config.runcmd.length,
      keys: keysOf(this.config),
      yaml: await Promise.all(embedded.map(async (path) => keysOf(await this.yaml(path)))),
      lines: this.config.write_files.map(({ content }) => content.split('\n').length),
    };
  }
}

function shell(script: string): string {
  // Without --norc, bash assumes a remote login if its input is a socket, and Node's pipes are sockets.
  const { status, stdout, stderr } = spawnSync('/bin/bash', ['--norc', '-u', '-c', script], {
    encoding: 'utf8',
    env: {},
  });
  if (status !== 0 || stderr !== '') throw new Error(`the shell says: ${stderr} (exit code ${status})`);
  return stdout;
}

function keysOf(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(keysOf);
  if (typeof data !== 'object' || data === null) return typeof data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, keysOf(value)]));
}
