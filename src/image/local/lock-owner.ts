import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Which process holds a lock. Another process of the same boot and the same process-id space can tell for certain whether it still runs: a process id together
 * with its start time is never used twice.
 */
export interface LockOwner {
  /** Names this one holding of the lock; never used again. */
  readonly nonce: string;
  readonly host: string;
  readonly processId: number;
  /** Boot of the machine and process-id space; '' where the system does not tell. */
  readonly space: string;
  /** Clock ticks since boot at which the process started; '' where the system does not tell. */
  readonly startTime: string;
}

const NONCE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SPACE = /^[0-9a-f-]{36}\+[0-9]{1,20}$/;

/** This process as an owner. */
export function currentOwner(nonce: string): LockOwner {
  return {
    nonce,
    host: hostname()
      .replaceAll(/[^A-Za-z0-9.-]/g, '')
      .slice(0, 100),
    processId: process.pid,
    space: currentSpace(),
    startTime: startTimeOf(process.pid) ?? '',
  };
}

/** An owner as the text of a lock. */
export function formatOwner(owner: LockOwner): string {
  return [owner.nonce, owner.host, owner.processId, owner.space, owner.startTime].join('_');
}

/** The owner that a lock's text names; undefined for text that no waybill wrote. Hostile input. */
export function tryParseOwner(text: string): LockOwner | undefined {
  const [nonce = '', host = '', processId = '', space = '', startTime = '', ...rest] = text.split('_');
  if (rest.length > 0 || !NONCE.test(nonce) || !/^[A-Za-z0-9.-]{0,100}$/.test(host)) return undefined;
  if (!/^[1-9][0-9]{0,9}$/.test(processId) || !/^[0-9]{0,20}$/.test(startTime)) return undefined;
  if (space !== '' && !SPACE.test(space)) return undefined;
  return { nonce, host, processId: Number(processId), space, startTime };
}

/** Whether an owner runs, is gone for certain, or cannot be seen from here: on another machine, in another container, before a reboot. */
export function ownerState(owner: LockOwner): 'running' | 'gone' | 'out-of-sight' {
  if (owner.space === '' || owner.startTime === '' || owner.space !== currentSpace()) return 'out-of-sight';
  return startTimeOf(owner.processId) === owner.startTime ? 'running' : 'gone';
}

function currentSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const space = /[0-9]+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
    const text = `${boot}+${space}`;
    return SPACE.test(text) ? text : '';
  } catch {
    return '';
  }
}

/** Field 22 of `/proc/PID/stat`; the name before it may hold anything. A dead process that nobody has waited for counts as gone. */
function startTimeOf(processId: number): string | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${processId}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
