import { join } from 'node:path';
import { coreError, type Runtime } from '../../core/index.ts';
import { readCredentialsFile, type CredentialsFile } from './config-file.ts';
import { askHelper } from './helper.ts';
import { helperKey, keysFor } from './registry-keys.ts';
import type { Credentials } from './types.ts';

export interface CredentialsQuery {
  readonly registry: string;
  readonly repository: string;
  readonly env: Runtime['env'];
  /** The only file looked at when given. */
  readonly authFile: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * The credentials a user keeps for a repository: in each file the registry's own helper, then an entry, then the helper for all. The first file that
 * has any wins. Undefined: none.
 * @throws AppError FILE_NOT_FOUND for a missing `authFile`, REGISTRY_CREDENTIALS_INVALID, REGISTRY_CREDENTIAL_HELPER, HELPER_NOT_FOUND
 */
export async function findCredentials(query: CredentialsQuery): Promise<Credentials | undefined> {
  for (const path of credentialsFiles(query)) {
    const file = readCredentialsFile(path);
    if (!file) {
      if (path === query.authFile) throw coreError('FILE_NOT_FOUND', `no such file: ${path}`);
      continue;
    }
    const found = await lookUp(file, query);
    if (found) return found;
  }
  return undefined;
}

/** Named files stand alone; else Docker's configuration and Podman's session file. */
function credentialsFiles({ authFile, env }: CredentialsQuery): readonly string[] {
  if (authFile !== undefined) return [authFile];
  const named = env['REGISTRY_AUTH_FILE'];
  if (named) return [named];
  const home = env['HOME'] ?? env['USERPROFILE'];
  const docker = env['DOCKER_CONFIG'] || (home ? join(home, '.docker') : undefined);
  const session = env['XDG_RUNTIME_DIR'];
  return [
    ...(docker ? [join(docker, 'config.json')] : []),
    ...(session ? [join(session, 'containers', 'auth.json')] : []),
    ...(home ? [join(home, '.config', 'containers', 'auth.json')] : []),
  ];
}

async function lookUp(file: CredentialsFile, query: CredentialsQuery): Promise<Credentials | undefined> {
  const keys = keysFor(query.registry, query.repository);
  const serverUrl = helperKey(query.registry);
  const own = keys.map((key) => file.helpers.get(key)).find((name) => name !== undefined);
  if (own !== undefined) return askHelper(own, serverUrl, query);
  const entry = keys.map((key) => file.auths.get(key)).find((credentials) => credentials !== undefined);
  if (entry) return entry;
  return file.store === undefined ? undefined : askHelper(file.store, serverUrl, query);
}
