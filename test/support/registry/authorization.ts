import type { IncomingMessage } from 'node:http';
import type { Answer } from './faults.ts';

export interface TestRegistryAuth {
  readonly kind: 'basic' | 'bearer';
  /** Who may push, and pull unless `anonymousPull`. */
  readonly username: string;
  readonly password: string;
  readonly anonymousPull?: boolean;
  /** Bearer: the realm stated in the challenge; the registry's own `/token` unless told. */
  readonly realm?: string;
  /** Bearer: a refresh token that may be exchanged by POST. */
  readonly identityToken?: string;
  /** Bearer: seconds stated as `expires_in`. */
  readonly expiresInSeconds?: number;
}

/** Hands out and checks tokens. A token is opaque and good for the scopes it was asked for. */
export class Authorizer {
  readonly #tokens = new Map<string, ReadonlySet<string>>();
  readonly #auth: TestRegistryAuth;

  constructor(auth: TestRegistryAuth) {
    this.#auth = auth;
  }

  /** Makes every token given out so far worthless. */
  revokeTokens(): void {
    this.#tokens.clear();
  }

  /** An answer of 401 unless the request may do this. */
  check(request: IncomingMessage, repository: string, action: 'pull' | 'push'): Answer | undefined {
    const header = request.headers.authorization ?? '';
    if (this.#auth.kind === 'basic') {
      const allowed =
        header === this.#basic() || (action === 'pull' && this.#auth.anonymousPull === true && header === '');
      return allowed ? undefined : challenge('Basic realm="test registry"');
    }
    const scopes = this.#tokens.get(header.replace(/^Bearer /, ''));
    if (scopes?.has(`${repository}:${action}`)) return undefined;
    const realm = this.#auth.realm ?? `${origin(request)}/token`;
    const actions = action === 'push' ? 'pull,push' : 'pull';
    return challenge(`Bearer realm="${realm}",service="test-registry",scope="repository:${repository}:${actions}"`);
  }

  /** The token endpoint: GET with or without Basic credentials, POST with a refresh token. */
  token(request: IncomingMessage, url: URL, body: Uint8Array): Answer {
    const form = new URLSearchParams(Buffer.from(body).toString('utf8'));
    const header = request.headers.authorization;
    const authenticated =
      request.method === 'POST'
        ? this.#auth.identityToken !== undefined && form.get('refresh_token') === this.#auth.identityToken
        : header === this.#basic();
    if (!authenticated && (header !== undefined || request.method === 'POST')) {
      return json(401, { details: 'incorrect username or password' });
    }
    const granted = new Set<string>();
    const asked = request.method === 'POST' ? (form.get('scope') ?? '').split(' ') : url.searchParams.getAll('scope');
    for (const scope of asked) {
      const [, repository, actions] = /^repository:([^:]+):(.*)$/.exec(scope) ?? [];
      for (const action of (actions ?? '').split(',')) {
        const allowed = authenticated || (action === 'pull' && this.#auth.anonymousPull === true);
        if (allowed) granted.add(`${repository}:${action}`);
      }
    }
    const token = `token-${this.#tokens.size + 1}-${request.method === 'POST' ? 'refreshed' : 'issued'}`;
    this.#tokens.set(token, granted);
    return json(200, { token, expires_in: this.#auth.expiresInSeconds ?? 300 });
  }

  #basic(): string {
    return `Basic ${Buffer.from(`${this.#auth.username}:${this.#auth.password}`).toString('base64')}`;
  }
}

function origin(request: IncomingMessage): string {
  return `${'encrypted' in request.socket ? 'https' : 'http'}://${request.headers.host}`;
}

function challenge(value: string): Answer {
  const answer = errorAnswer(401, 'UNAUTHORIZED', 'authentication required');
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': value } };
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

export function errorAnswer(status: number, code: string, message: string): Answer {
  return json(status, { errors: [{ code, message }] });
}
