// The timeline of a boot, read from the console: when each part of the system started.
import type { ConsoleLog, TimelineEvent } from './console';

/** The console lines that start a part: kernel, systemd, each stage of cloud-init, login prompt, the document's own steps. */
const part =
  /\bLinux version \S+|Welcome to [^!]+|Cloud-init v\. \S+ running '(?:init-local|init|modules:\w+)'|\S+ login:|gen-cloudinit: (?!waiting).*/;

/** The parts of every boot on this console, on the machine's clock. */
export const bootTimeline = (log: ConsoleLog): TimelineEvent[] => log.events(part);
