import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { abortError } from '../../../core/index.ts';
import { signingError } from '../../errors.ts';

/** Waits on this machine for the browser to come back. */
export interface LoopbackListener extends AsyncDisposable {
  /** `http://localhost:PORT/auth/callback` */
  readonly redirectUri: string;
  /** The authorization code; answers with another `state` are turned away and waiting goes on. */
  readonly code: Promise<string>;
}

export interface ListenOptions {
  readonly state: string;
  readonly timeLimitMs: number;
  readonly signal: AbortSignal;
  /** 0, any free one, unless told. */
  readonly port?: number;
}

const PATH = '/auth/callback';
const MAX_CODE_CHARS = 4096;

/**
 * Opens a listener on 127.0.0.1 for one answer of the issuer.
 * @see https://www.rfc-editor.org/rfc/rfc8252#section-7.3
 */
export async function listenOnLoopback(options: ListenOptions): Promise<LoopbackListener> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // whoever awaits it is told; nobody may ever do
  promise.catch(() => undefined);
  // not with the commands that need no server: loading HTTP takes longer than starting all else
  const { createServer } = await import('node:http');
  const server = createServer((request, response) => {
    const outcome = outcomeOf(request, options.state);
    respond(response, outcome);
    if (outcome.kind === 'code') resolve(outcome.code);
    else if (outcome.kind === 'denied') {
      reject(signingError('IDENTITY_PROVIDER_FAILED', `the issuer refused the sign-in: ${outcome.error}`));
    }
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', (cause) =>
      failed(signingError('IDENTITY_PROVIDER_FAILED', 'no port on this machine can be listened on', { cause })),
    );
    server.listen(options.port ?? 0, '127.0.0.1', listening);
  });
  const timer = setTimeout(() => {
    reject(signingError('IDENTITY_PROVIDER_FAILED', `nobody signed in within ${options.timeLimitMs / 1000} seconds`));
  }, options.timeLimitMs);
  const onAbort = (): void => reject(abortError(options.signal));
  options.signal.addEventListener('abort', onAbort, { once: true });
  const { port } = server.address() as AddressInfo;
  return {
    redirectUri: `http://localhost:${port}${PATH}`,
    code: promise,
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', onAbort);
      await new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      });
    },
  };
}

type Outcome =
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'denied'; readonly error: string }
  | { readonly kind: 'stranger'; readonly status: 400 | 404 };

function outcomeOf(request: IncomingMessage, state: string): Outcome {
  const url = URL.parse(request.url ?? '', 'http://localhost');
  if (request.method !== 'GET' || url?.pathname !== PATH) return { kind: 'stranger', status: 404 };
  if (url.searchParams.get('state') !== state) return { kind: 'stranger', status: 400 };
  const code = url.searchParams.get('code');
  if (code !== null && code !== '' && code.length <= MAX_CODE_CHARS) return { kind: 'code', code };
  const error = (url.searchParams.get('error') ?? '').replaceAll(/[^a-z_]/g, '').slice(0, 60);
  return { kind: 'denied', error: error === '' ? 'no code came' : error };
}

function respond(response: ServerResponse, outcome: Outcome): void {
  const words = {
    code: 'Signed in. This window can be closed.',
    denied: 'Not signed in. This window can be closed.',
    stranger: 'Nothing is here.',
  }[outcome.kind];
  response.writeHead(outcome.kind === 'stranger' ? outcome.status : 200, {
    'content-type': 'text/plain; charset=utf-8',
    'content-security-policy': "default-src 'none'",
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(`${words}\n`);
}
