import type { AppError } from '../../core/index.ts';
import { registryError } from '../errors.ts';

/** A certificate file of the user's that cannot be read. */
export function readFailure(path: string, cause: unknown): AppError {
  return registryError('ENGINE_ADDRESS_INVALID', `${path} cannot be read`, {
    cause,
    hint: 'DOCKER_CERT_PATH names the folder of ca.pem, cert.pem and key.pem',
  });
}

const MEANINGS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nothing listens there',
  EACCES: 'you may not open it',
  EPERM: 'you may not open it',
};

/** No connection to the engine, or one that broke. */
export function connectionFailure(where: string, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = MEANINGS[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return registryError('ENGINE_UNREACHABLE', `no container engine answers at ${where}: ${why}`, {
    cause,
    hint: 'start it (for Podman: podman system service), or say where it is: DOCKER_HOST=unix:///path/to.sock',
  });
}
