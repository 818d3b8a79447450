import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TufRepository } from './tuf-repository.ts';

export interface TufServer extends AsyncDisposable {
  readonly url: string;
  /** Paths asked for since the last call. */
  asked(): readonly string[];
}

/** Serves a repository on loopback, over real sockets; with a certificate over TLS. */
export async function serveTuf(
  repository: TufRepository,
  certificate?: { readonly key: string; readonly cert: string },
): Promise<TufServer> {
  const asked: string[] = [];
  const listener: RequestListener = (request, response) => {
    const path = decodeURIComponent((request.url ?? '').replace(/^\//, ''));
    asked.push(path);
    const bytes = repository.files.get(path);
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  };
  const server = certificate === undefined ? createServer(listener) : createSecureServer(certificate, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    asked: () => asked.splice(0),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
