import { isAppError, parseStrictJson, runHelper, safeText, type JsonValue, type Runtime } from '../../core/index.ts';
import { registryError } from '../errors.ts';
import type { Credentials } from './types.ts';

const HELPER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const MAX_HELPER_OUTPUT_BYTES = 256 * 1024;
const HELPER_TIMEOUT_MS = 30_000;

/** The environment that helpers need: to be found, to reach their keyring or cloud, and nothing of waybill's own. */
const PASSED_VARIABLES: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LC_ALL',
  'TMPDIR',
  'SHELL',
  'TERM',
  'XDG_RUNTIME_DIR',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_CACHE_HOME',
  'DBUS_SESSION_BUS_ADDRESS',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'GNUPGHOME',
  'GPG_TTY',
  'PASSWORD_STORE_DIR',
  'DOCKER_CONFIG',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
  'SystemRoot',
  'PATHEXT',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]);
const PASSED_PREFIXES = ['AWS_', 'AZURE_', 'GOOGLE_', 'CLOUDSDK_', 'ACR_'];

/**
 * Asks `docker-credential-NAME get` for a registry's credentials; undefined when it has none.
 * @throws AppError REGISTRY_CREDENTIAL_HELPER, REGISTRY_CREDENTIALS_INVALID (a name that is none), HELPER_NOT_FOUND, INTERRUPTED
 * @see https://github.com/docker/docker-credential-helpers#development
 */
export async function askHelper(
  name: string,
  serverUrl: string,
  context: { readonly env: Runtime['env']; readonly signal: AbortSignal },
): Promise<Credentials | undefined> {
  if (!HELPER_NAME.test(name)) {
    throw registryError(
      'REGISTRY_CREDENTIALS_INVALID',
      `${JSON.stringify(name.slice(0, 80))} is no name of a credential helper`,
    );
  }
  const command = `docker-credential-${name}`;
  const failed = (why: string, cause?: unknown): Error =>
    registryError('REGISTRY_CREDENTIAL_HELPER', `${command} ${why}`, {
      cause,
      hint: `try: echo ${serverUrl} | ${command} get`,
    });
  const result = await runHelper({
    command,
    args: ['get'],
    input: serverUrl,
    env: helperEnvironment(context.env),
    timeoutMs: HELPER_TIMEOUT_MS,
    maxOutputBytes: MAX_HELPER_OUTPUT_BYTES,
    signal: context.signal,
  }).catch((error: unknown) => {
    if (isAppError(error) && error.code === 'HELPER_FAILED') throw failed('failed', error);
    throw error;
  });
  if (result.exitCode !== 0) {
    const output = Buffer.from(result.stdout).toString('utf8').trim();
    if (output.includes('credentials not found') || output.includes('no credentials')) return undefined;
    throw failed(
      `failed with exit code ${result.exitCode}: ${safeText((output || result.stderr.trim()).slice(0, 300))}`,
    );
  }
  return readAnswer(result.stdout, failed);
}

function helperEnvironment(env: Runtime['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined &&
        (PASSED_VARIABLES.has(entry[0]) || PASSED_PREFIXES.some((prefix) => entry[0].startsWith(prefix))),
    ),
  );
}

function readAnswer(stdout: Uint8Array, failed: (why: string) => Error): Credentials | undefined {
  let document: JsonValue;
  try {
    document = parseStrictJson(stdout, 'helper answer', { maxBytes: MAX_HELPER_OUTPUT_BYTES, maxDepth: 8 });
  } catch {
    // the parser's message may quote a secret
    throw failed('answered something that is not JSON');
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw failed('answered no JSON object');
  const fields = document as { readonly [key: string]: JsonValue | undefined };
  const username = fields['Username'];
  const secret = fields['Secret'];
  if (typeof username !== 'string' || typeof secret !== 'string') throw failed('answered without Username and Secret');
  if (secret === '') return undefined;
  return username === '<token>'
    ? { kind: 'identity', token: secret }
    : { kind: 'password', username, password: secret };
}
