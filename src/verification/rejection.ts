import type { RejectionCode } from './types.ts';

/** Ends a check with its reason. Never leaves the room: a verdict is made of it. */
export class Rejection extends Error {
  readonly code: RejectionCode;

  constructor(code: RejectionCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** Runs a step over hostile bytes: whatever it throws that is not a reason already becomes one. */
export function rejectAs<T>(code: RejectionCode, what: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof Rejection) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new Rejection(code, `${what}: ${detail.slice(0, 300)}`);
  }
}

/** Text from a bundle, quoted and cut. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
