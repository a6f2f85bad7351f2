#!/usr/bin/env node
// A stand-in multipass for PATH: exit codes, texts and JSON of version 1.16, as far as src/machines/multipass uses them.
// $FAKE_MULTIPASS is its folder: behaviour.json (see fake.ts), instances/NAME.json, log (one line of JSON per call).
// An instance gets the document as multipass rewrites it; the client's is kept next to it.
// `exec` hands the script to the shell of this computer, or to the socket that behaviour.json names; the daemon is a
// process of its own, so that an instance starts even if the client that requested it is gone.
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { reemittedText } from './reemitted.mjs';

const folder = process.env.FAKE_MULTIPASS;
const behaviour = JSON.parse(readFileSync(join(folder, 'behaviour.json'), 'utf8'));
const [verb, ...args] = process.argv.slice(2);
const instanceFile = (name) => join(folder, 'instances', `${name}.json`);
const read = (name) =>
  existsSync(instanceFile(name)) ? JSON.parse(readFileSync(instanceFile(name), 'utf8')) : undefined;
const write = (name, instance) => {
  mkdirSync(join(folder, 'instances'), { recursive: true });
  // Replaced atomically, because the test may read it at any moment.
  writeFileSync(`${instanceFile(name)}.${process.pid}`, JSON.stringify(instance));
  renameSync(`${instanceFile(name)}.${process.pid}`, instanceFile(name));
};
// Records the processes that may wait for long, so that the test can end them.
if (verb === 'launch' || verb === 'daemon') appendFileSync(join(folder, 'pids'), `${process.pid}\n`);
const option = (name) => args[args.indexOf(name) + 1];

/** Exits as multipass does: with a message on standard error and an exit code. */
function end(code, complaint = '') {
  if (complaint) process.stderr.write(`${complaint}\n`);
  process.exit(code);
}

/** One request to the test that plays the machine, over a Unix socket: a line of JSON there and back. */
function askMachine(question) {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(behaviour.socket, () => socket.write(`${JSON.stringify(question)}\n`));
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => resolve(JSON.parse(text)));
    socket.on('error', reject);
  });
}

async function stdin() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function launch() {
  const name = option('--name');
  const source = option('--cloud-init');
  // The snap's confinement: nothing outside the home directory, nothing hidden in it.
  if (source !== '-')
    end(
      1,
      `error: Could not load cloud-init configuration: bad file: ${source}\nPlease ensure that Multipass can read it.`,
    );
  const document = await stdin();
  try {
    if (typeof load(document) !== 'object') throw new Error('not a mapping');
  } catch (error) {
    end(1, `error loading cloud-init config: ${error.message}`);
  }
  if (read(name)) end(2, `launch failed: instance "${name}" already exists`);
  if (behaviour.launch === 'refused') end(2, `launch failed: ${behaviour.complaint}`);
  if (behaviour.launch === 'taken-meanwhile') {
    write(name, { state: 'Running', ipv4: ['10.0.0.9'], other: true });
    end(2, `launch failed: instance "${name}" already exists`);
  }
  const environment = { ...process.env, FAKE_DOCUMENT: document };
  const self = fileURLToPath(import.meta.url);
  spawn(self, ['daemon', name], { detached: true, stdio: 'ignore', env: environment }).unref();
  process.stdout.write(`Creating ${name} |`);
  for (let waited = 0; read(name)?.state !== 'Running'; waited += 50) {
    if (waited > (behaviour.patience ?? 20_000)) end(5, 'Timed out waiting for instance launch.');
    await sleep(50);
  }
  process.stdout.write('\rWaiting for initialization to complete /');
  await sleep(behaviour.initialization ?? 100);
  if (behaviour.launch === 'client-timeout') end(5, 'Timed out waiting for instance launch.');
  if (behaviour.launch === 'daemon-timeout')
    end(2, 'launch failed: The following errors occurred:\ntimed out waiting for initialization to complete');
  // Regardless of cloud-init's result.
  process.stdout.write(`\rLaunched: ${name}\n`);
  end(0);
}

/** The daemon's work for an accepted launch. */
async function daemon() {
  const [name] = args;
  await sleep(behaviour.download ?? 0);
  const document = process.env.FAKE_DOCUMENT;
  write(name, { state: 'Starting', ipv4: [], document, userData: reemittedText(document) });
  await sleep(behaviour.boot ?? 100);
  let address = '127.0.0.1';
  if (behaviour.socket) ({ address } = await askMachine({ what: 'launch', document }));
  if (read(name)) write(name, { ...read(name), state: behaviour.state ?? 'Running', ipv4: [address] });
}

function info() {
  const [name] = args;
  const instance = read(name);
  if (!instance) end(2, `info failed: instance "${name}" does not exist`);
  const { state, ipv4 } = instance;
  const facts = { state, ipv4, release: 'Ubuntu 24.04 LTS', cpu_count: '2', snapshot_count: '0', mounts: {} };
  process.stdout.write(`${JSON.stringify({ errors: [], info: { [name]: facts } }, null, 4)}\n`);
}

async function exec() {
  const [name, , ...command] = args;
  const instance = read(name);
  if (!instance) end(2, `exec failed: instance "${name}" does not exist`);
  if (instance.state === 'Deleted') end(2, `exec failed: instance "${name}" is deleted`);
  // It starts a stopped instance.
  if (instance.state === 'Stopped') write(name, { ...instance, state: 'Running', startedByExec: true });
  if (behaviour.exec === 'broken') end(255, 'exec failed: ssh connection failed: Connection refused');
  const script = await stdin();
  if (behaviour.socket) {
    const { code, stdout, stderr } = await askMachine({ what: 'exec', script });
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    process.exitCode = code;
    return;
  }
  // The guest's root is the user who runs the test: sudo is dropped.
  const shell = spawn(command[1], command.slice(2), { stdio: ['pipe', 'inherit', 'inherit'] });
  shell.stdin.end(script);
  shell.on('close', (code) => process.exit(code));
}

async function remove() {
  const name = args.at(-1);
  if (!read(name)) end(2, `delete failed: instance "${name}" does not exist`);
  const stubborn = join(folder, 'stubborn');
  const refusals = existsSync(stubborn) ? Number(readFileSync(stubborn, 'utf8')) : 0;
  if (refusals > 0) {
    writeFileSync(stubborn, String(refusals - 1));
    end(2, `delete failed: instance "${name}" is starting`);
  }
  if (behaviour.socket) await askMachine({ what: 'delete' });
  if (args.includes('--purge')) rmSync(instanceFile(name));
  else write(name, { ...read(name), state: 'Deleted' });
}

appendFileSync(join(folder, 'log'), `${JSON.stringify([verb, ...args])}\n`);
if (behaviour.daemon === 'down')
  end(
    2,
    `${verb} failed: cannot connect to the multipass socket\nPlease ensure multipassd is running and '/run/multipass_socket' is accessible`,
  );
const list = () => process.stdout.write('{"list":[]}\n');
const verbs = { launch, daemon, info, exec, delete: remove, list };
await (verbs[verb] ?? (() => end(1, `error: unknown command ${verb}`)))();
