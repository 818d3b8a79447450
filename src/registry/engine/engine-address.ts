import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readFailure } from './engine-failure.ts';
import { registryError } from '../errors.ts';

/** Where a container engine's API listens. */
export type EngineAddress =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: EngineTls };

/** Client certificate and the authority that signed the engine's; PEM. */
export interface EngineTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** False when the user asked for TLS without checking whose certificate it is. */
  readonly verify: boolean;
}

const DOCKER_SOCKET = '/var/run/docker.sock';

/**
 * The engine that `DOCKER_HOST` names (`unix://`, `tcp://`; TLS by `DOCKER_TLS_VERIFY`, `DOCKER_TLS` and `DOCKER_CERT_PATH` as Docker's own client reads them), else the
 * first socket that exists: Docker's, the user's Podman, the system's Podman.
 * @throws AppError ENGINE_ADDRESS_INVALID
 * @see https://docs.docker.com/reference/cli/docker/#environment-variables
 */
export function engineAddress(env: Readonly<Record<string, string | undefined>>): EngineAddress {
  const host = env['DOCKER_HOST'] ?? '';
  if (host === '') return { kind: 'socket', path: defaultSocket(env) };
  if (host.startsWith('unix://') && host.length > 'unix://'.length) return { kind: 'socket', path: host.slice(7) };
  const url = URL.canParse(host) ? new URL(host) : undefined;
  if (url?.protocol === 'tcp:' && url.hostname !== '' && url.username === '' && /^\/?$/.test(url.pathname)) {
    const tls = tlsOf(env);
    const port = url.port === '' ? (tls === undefined ? 2375 : 2376) : Number(url.port);
    return {
      kind: 'tcp',
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port,
      ...(tls === undefined ? {} : { tls }),
    };
  }
  throw registryError('ENGINE_ADDRESS_INVALID', `DOCKER_HOST is ${JSON.stringify(host.slice(0, 200))}`, {
    hint: 'unix:///path/to.sock and tcp://HOST:PORT are understood; for ssh:// forward the socket first: ssh -L /tmp/engine.sock:/var/run/docker.sock HOST',
  });
}

function defaultSocket(env: Readonly<Record<string, string | undefined>>): string {
  const user = env['XDG_RUNTIME_DIR'];
  const candidates = [
    DOCKER_SOCKET,
    ...(user?.startsWith('/') ? [join(user, 'docker.sock'), join(user, 'podman/podman.sock')] : []),
    '/run/podman/podman.sock',
  ];
  return candidates.find((path) => statSync(path, { throwIfNoEntry: false })?.isSocket()) ?? DOCKER_SOCKET;
}

function tlsOf(env: Readonly<Record<string, string | undefined>>): EngineTls | undefined {
  const verify = (env['DOCKER_TLS_VERIFY'] ?? '') !== '';
  if (!verify && (env['DOCKER_TLS'] ?? '') === '') return undefined;
  const folder = env['DOCKER_CERT_PATH'] ?? (env['HOME'] === undefined ? undefined : join(env['HOME'], '.docker'));
  if (folder === undefined) return { verify };
  const read = (name: string): Buffer | undefined => {
    const path = join(folder, name);
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (cause) {
      throw readFailure(path, cause);
    }
  };
  const [ca, cert, key] = [read('ca.pem'), read('cert.pem'), read('key.pem')];
  return {
    verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** For messages. */
export function formatEngineAddress(address: EngineAddress): string {
  return address.kind === 'socket' ? `unix://${address.path}` : `tcp://${address.host}:${address.port}`;
}
