import type { IncomingMessage, ServerResponse } from 'node:http';

/** What goes wrong. Those about bodies act on what the registry would have answered. */
export type FaultAction =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The connection ends before any answer. */
  | { readonly kind: 'drop' }
  /** The connection ends after so many bytes of the body. */
  | { readonly kind: 'drop-after'; readonly bytes: number }
  /** The body ends early and cleanly, without a Content-Length. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** One byte of the body is changed. */
  | { readonly kind: 'corrupt' }
  /** More bytes than announced by the descriptor. */
  | { readonly kind: 'append'; readonly bytes: number }
  /** No answer, ever (until the registry stops). */
  | { readonly kind: 'hang' }
  /** The body stops after so many bytes, the connection stays open. */
  | { readonly kind: 'stall'; readonly bytes: number }
  /** The true answer, late. */
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'redirect'; readonly location: string; readonly status?: number }
  | { readonly kind: 'html' }
  /** Headers of the true answer replaced; `''` removes one. */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> };

export interface Fault {
  readonly method?: string;
  /** Against the path with query: `/v2/app/blobs/sha256:...`. */
  readonly path: RegExp;
  /** How often it strikes; always unless told. */
  readonly times?: number;
  readonly action: FaultAction;
}

/** An answer before it is written. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** Faults in the order they were added; the first that matches and is not used up strikes. */
export class FaultList {
  readonly #faults: { readonly fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? Infinity });
  }

  clear(): void {
    this.#faults.length = 0;
  }

  strike(request: IncomingMessage): FaultAction | undefined {
    const found = this.#faults.find(
      ({ fault, left }) =>
        left > 0 &&
        (fault.method === undefined || fault.method === request.method) &&
        fault.path.test(request.url ?? ''),
    );
    if (!found) return undefined;
    found.left -= 1;
    return found.fault.action;
  }
}

/** Answers instead of the registry; undefined when the registry is to answer after all (perhaps late, perhaps spoiled). */
export async function answerInstead(
  action: FaultAction,
  response: ServerResponse,
): Promise<Answer | 'done' | undefined> {
  switch (action.kind) {
    case 'status':
      return { status: action.status, headers: { ...action.headers }, body: Buffer.from(action.body ?? '') };
    case 'redirect':
      return { status: action.status ?? 307, headers: { location: action.location }, body: Buffer.alloc(0) };
    case 'html':
      return {
        status: 200,
        headers: { 'content-type': 'text/html' },
        body: Buffer.from('<!doctype html><title>welcome</title>'),
      };
    case 'drop':
      response.socket?.destroy();
      return 'done';
    case 'hang':
      return 'done';
    case 'delay':
      await new Promise((resolve) => setTimeout(resolve, action.ms));
      return undefined;
    default:
      return undefined;
  }
}

/** Writes an answer, spoiled by a fault about bodies or headers. */
export function writeAnswer(answer: Answer, action: FaultAction | undefined, response: ServerResponse): void {
  const head = response.req.method === 'HEAD';
  const headers: Record<string, string> = { 'content-length': String(answer.body.byteLength), ...answer.headers };
  let body = answer.body;
  if (action?.kind === 'corrupt' && body.byteLength > 0) {
    body = Uint8Array.from(body);
    body[body.byteLength >> 1]! ^= 0xff;
  }
  if (action?.kind === 'append') {
    body = Buffer.concat([body, Buffer.alloc(action.bytes, 0x61)]);
    delete headers['content-length'];
  }
  if (action?.kind === 'truncate') {
    body = body.subarray(0, action.bytes);
    delete headers['content-length'];
  }
  if (action?.kind === 'headers') {
    for (const [name, value] of Object.entries(action.headers)) {
      if (value === '') delete headers[name];
      else headers[name] = value;
    }
  }
  response.writeHead(answer.status, headers);
  if (head) {
    response.end();
  } else if (action?.kind === 'drop-after') {
    response.write(body.subarray(0, action.bytes), () => setImmediate(() => response.socket?.destroy()));
  } else if (action?.kind === 'stall') {
    response.write(body.subarray(0, action.bytes));
  } else {
    response.end(body);
  }
}
