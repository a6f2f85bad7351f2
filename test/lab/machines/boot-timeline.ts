// How a boot went on, read from the console: when which part of the system had its turn.
import type { ConsoleLog, TimelineEvent } from './console';

/** What begins a part: the kernel, systemd, each stage of cloud-init, the login prompt, the document's own steps. */
const part =
  /\bLinux version \S+|Welcome to [^!]+|Cloud-init v\. \S+ running '(?:init-local|init|modules:\w+)'|\S+ login:|gen-cloudinit: (?!waiting).*/;

/** The parts of every boot on this console, on the machine's clock. */
export const bootTimeline = (log: ConsoleLog): TimelineEvent[] => log.events(part);
