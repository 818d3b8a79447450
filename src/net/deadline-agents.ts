import { Agent as HttpAgent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { guardedLookup } from './addresses.ts';
import { netError } from './errors.ts';

type Connect = (error: Error | null, stream: Duplex) => void;

/** Over plain HTTP; a connection that is not there in time is given up. */
export class DeadlineHttpAgent extends HttpAgent {
  readonly #connectMs: number;

  constructor(options: AgentOptions, connectMs: number) {
    super(options);
    this.#connectMs = connectMs;
  }

  override createConnection(options: ClientRequestArgs, callback?: Connect): Duplex | null | undefined {
    return armed(super.createConnection({ ...options, lookup: guardedLookup }, callback), 'connect', this.#connectMs);
  }
}

/** The same over TLS; the time ends with the handshake. */
export class DeadlineHttpsAgent extends HttpsAgent {
  readonly #connectMs: number;

  constructor(options: AgentOptions, connectMs: number) {
    super(options);
    this.#connectMs = connectMs;
  }

  override createConnection(options: ClientRequestArgs, callback?: Connect): Duplex | null | undefined {
    const socket = super.createConnection({ ...options, lookup: guardedLookup }, callback);
    return armed(socket, 'secureConnect', this.#connectMs);
  }
}

/** Destroys the socket unless it is connected in time. */
function armed<T extends Duplex | null | undefined>(socket: T, event: string, connectMs: number): T {
  if (!socket) return socket;
  const timer = setTimeout(() => {
    (socket as unknown as Socket).destroy(
      netError('NET_TIMEOUT', `no connection within ${connectMs} ms`, { details: { phase: 'connect' } }),
    );
  }, connectMs);
  const disarm = (): void => clearTimeout(timer);
  socket.once(event, disarm);
  socket.once('close', disarm);
  return socket;
}
