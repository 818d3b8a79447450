import { isAppError } from '../core/index.ts';
import { sameOrigin, type HttpBody, type HttpClient, type HttpMethod, type HttpResponse } from '../net/index.ts';
import { repositoryScope, type Authenticator } from './authentication/authenticator.ts';
import type { Endpoint } from './endpoint.ts';
import { answerError, lineError, type Asked } from './error-response.ts';
import { registryError } from './errors.ts';

export interface RegistryRequest {
  readonly method?: HttpMethod;
  /** Below `/v2/REPOSITORY/`, or a whole URL (upload locations, next pages). */
  readonly path: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpBody;
  readonly idempotent?: boolean;
  readonly redirect?: 'follow' | 'manual';
  /** 'pull' unless told. */
  readonly actions?: 'pull' | 'pull,push' | 'pull,push,delete';
  /** Another repository that is read from as well. */
  readonly mountFrom?: string;
  readonly signal: AbortSignal;
  /** For messages: `manifest 1.0`. */
  readonly what: string;
  readonly kind: Asked['kind'];
}

/** Sends the requests of one repository, with whatever authorisation its registry wants. */
export interface RepositoryClient {
  /** `registry.example.com/app` */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Most referrers of one digest that a listing may have. */
  readonly maxReferrers: number;
  /**
   * Any status but a 401 that can be answered.
   * @throws AppError REGISTRY_UNREACHABLE, REGISTRY_TIMEOUT, other NET_*, and those of authentication
   */
  send(request: RegistryRequest): Promise<HttpResponse>;
  /** One of these statuses, or the error that the answer stands for. */
  expect(request: RegistryRequest, statuses: readonly number[]): Promise<HttpResponse>;
  /** The error that an answer stands for. */
  failure(response: HttpResponse, request: RegistryRequest): Promise<Error>;
  /** Throws failures of the line, while a body is read, in the registry's terms. */
  reading<T>(request: RegistryRequest, read: () => Promise<T>): Promise<T>;
  backOff(attempt: number, signal: AbortSignal): Promise<void>;
}

export interface RepositoryClientParts {
  readonly client: HttpClient;
  readonly endpoint: Endpoint;
  readonly authenticator: Authenticator;
  readonly repository: string;
  readonly maxReferrers: number;
}

/** Host and whole repository, lower-case path segments: nothing that could leave `/v2/NAME/`. */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

export function createRepositoryClient(parts: RepositoryClientParts): RepositoryClient {
  const { client, endpoint, authenticator, repository } = parts;
  if (repository.length > 255 || !REPOSITORY.test(repository)) {
    throw registryError('REPOSITORY_NOT_FOUND', `${JSON.stringify(repository.slice(0, 100))} is no repository name`);
  }
  const name = `${endpoint.registry}/${repository}`;
  const asked = (request: RegistryRequest): Asked => ({
    what: `${request.what} of ${name}`,
    kind: request.kind,
    registry: endpoint.registry,
  });
  const send = async (request: RegistryRequest): Promise<HttpResponse> => {
    try {
      return await authorizedRequest(request, parts);
    } catch (error) {
      throw lineError(error, asked(request));
    }
  };
  const failure = async (response: HttpResponse, request: RegistryRequest): Promise<Error> =>
    answerError(response, { ...asked(request), authenticated: await authenticator.hasCredentials() });
  return {
    name,
    endpoint,
    maxReferrers: parts.maxReferrers,
    send,
    failure,
    async expect(request, statuses) {
      const response = await send(request);
      if (statuses.includes(response.status)) return response;
      throw await failure(response, request);
    },
    async reading(request, read) {
      try {
        return await read();
      } catch (error) {
        throw lineError(error, asked(request));
      }
    },
    backOff: (attempt, signal) => client.backOff(attempt, signal),
  };
}

/** Sends, and once more with an answer to the challenge when the registry itself (not where it redirected to) says 401. */
async function authorizedRequest(request: RegistryRequest, parts: RepositoryClientParts): Promise<HttpResponse> {
  const { client, endpoint, authenticator } = parts;
  const url =
    typeof request.path === 'string'
      ? new URL(`/v2/${parts.repository}/${request.path}`, endpoint.origin)
      : request.path;
  const own = sameOrigin(url, endpoint.origin);
  const scopes = [
    repositoryScope(parts.repository, request.actions ?? 'pull'),
    ...(request.mountFrom === undefined ? [] : [repositoryScope(request.mountFrom, 'pull')]),
  ];
  for (let attempt = 0; ; attempt += 1) {
    const authorization = own ? await authenticator.authorization(scopes, request.signal) : undefined;
    const response = await client.request({
      url,
      method: request.method ?? 'GET',
      headers: { ...request.headers, ...(authorization === undefined ? {} : { authorization }) },
      signal: request.signal,
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(request.idempotent === undefined ? {} : { idempotent: request.idempotent }),
      ...(request.redirect === undefined ? {} : { redirect: request.redirect }),
    });
    const challenged = response.status === 401 && own && sameOrigin(response.url, endpoint.origin);
    if (!challenged || attempt > 0 || request.body?.kind === 'stream') return response;
    if (!(await authenticator.learn(response, authorization, request.signal))) return response;
    await response.discard();
  }
}

/** Whether an error is this one of the registry's. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return isAppError(error) && codes.includes(error.code);
}
