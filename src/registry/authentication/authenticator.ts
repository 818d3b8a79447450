import type { Runtime } from '../../core/index.ts';
import type { HttpClient, HttpResponse } from '../../net/index.ts';
import type { Credentials } from '../credentials/types.ts';
import type { Endpoint } from '../endpoint.ts';
import { registryError } from '../errors.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import { checkRealm } from './realm.ts';
import { basicAuthorization, fetchToken, type Token } from './token.ts';

export interface AuthenticatorParts {
  readonly client: HttpClient;
  readonly endpoint: Endpoint;
  readonly allowedRealms: readonly string[];
  readonly runtime: Pick<Runtime, 'now'>;
  /** Looked up at the first challenge, not before. */
  readonly findCredentials: (signal: AbortSignal) => Promise<Credentials | undefined>;
}

/** Answers one registry's challenges and remembers how. Anonymous until challenged. */
export class Authenticator {
  readonly #parts: AuthenticatorParts;
  readonly #tokens = new Map<string, Promise<Token>>();
  #credentials: Promise<Credentials | undefined> | undefined;
  #basic: string | undefined;
  #bearer: Challenge | undefined;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /** Whether credentials are sent. */
  async hasCredentials(): Promise<boolean> {
    return this.#credentials !== undefined && (await this.#credentials) !== undefined;
  }

  /** The Authorization header for these scopes, from what is known; undefined before any challenge. */
  async authorization(scopes: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    if (this.#basic !== undefined) return this.#basic;
    if (this.#bearer === undefined) return undefined;
    return this.#bearerToken(this.#bearer, scopes, signal);
  }

  /**
   * Learns from a 401. False when there is nothing to answer it with; then the 401 stands.
   * @param used the header that was refused
   * @throws AppError REGISTRY_REALM_REFUSED, REGISTRY_AUTH_MALFORMED, and those of finding credentials
   */
  async learn(response: HttpResponse, used: string | undefined, signal: AbortSignal): Promise<boolean> {
    const header = response.header('www-authenticate');
    const challenges = header === undefined ? [] : parseChallenges(header);
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer) {
      const known = this.#bearer !== undefined;
      this.#bearer = bearer;
      // a token that was refused is worthless, whatever its expiry says
      if (known && used !== undefined) this.#tokens.clear();
      return true;
    }
    if (!challenges.some(({ scheme }) => scheme === 'basic')) return false;
    const credentials = await this.#findCredentials(signal);
    if (credentials?.kind !== 'password') return false;
    const basic = basicAuthorization(credentials);
    if (used === basic) return false;
    this.#basic = basic;
    return true;
  }

  #findCredentials(signal: AbortSignal): Promise<Credentials | undefined> {
    this.#credentials ??= this.#parts.findCredentials(signal);
    return this.#credentials;
  }

  async #bearerToken(challenge: Challenge, scopes: readonly string[], signal: AbortSignal): Promise<string> {
    const credentials = await this.#findCredentials(signal);
    if (credentials?.kind === 'registry-token') return `Bearer ${credentials.token}`;
    const { endpoint, allowedRealms, client, runtime } = this.#parts;
    const realm = checkRealm(challenge.parameters.get('realm'), endpoint, allowedRealms);
    const key = scopes.join(' ');
    const pending = this.#tokens.get(key);
    if (pending) {
      // another caller's failure, or abort, is not ours
      const kept = await pending.catch(() => undefined);
      if (kept && kept.expiresAtMs > runtime.now().getTime()) return `Bearer ${kept.value}`;
    }
    const service = challenge.parameters.get('service');
    const asking = fetchToken(
      { realm, service, scopes, credentials, registry: endpoint.registry },
      { client, now: runtime.now, signal },
    );
    this.#tokens.set(key, asking);
    try {
      return `Bearer ${(await asking).value}`;
    } catch (error) {
      this.#tokens.delete(key);
      throw error;
    }
  }
}

/** `repository:app:pull` */
export function repositoryScope(repository: string, actions: string): string {
  if (/[\s:,]/.test(repository)) {
    throw registryError('REGISTRY_UNEXPECTED_ANSWER', `${JSON.stringify(repository)} is no repository name`);
  }
  return `repository:${repository}:${actions}`;
}
