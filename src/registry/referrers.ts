import { coreError, isAppError, LIMITS, parseStrictJson, type Digest, type JsonValue } from '../core/index.ts';
import type { Descriptor } from '../image/index.ts';
import { isRedirect, sameOrigin, type HttpResponse } from '../net/index.ts';
import { isObject, tryParseDescriptor } from './descriptor.ts';
import { registryError } from './errors.ts';
import { readFallback } from './fallback-tag.ts';
import { nextLink } from './link-header.ts';
import type { RegistryRequest, RepositoryClient } from './repository-client.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MAX_SAME_HOST_REDIRECTS = 5;
/** Entries that a page has at least where more of them than usual are asked for. */
const MIN_PAGE_ENTRIES = 20;

/**
 * All referrers of a digest: from the API, page by page, else from the fallback tag. The listing's `artifactType` is the registry's word only.
 * @throws AppError for every answer but a list or "not supported"; LIMIT_EXCEEDED, REFERRERS_MALFORMED
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export async function listReferrers(
  client: RepositoryClient,
  subject: Digest,
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  return (await listByApi(client, subject, signal)) ?? (await readFallback(client, subject, signal)).descriptors;
}

/** Undefined when the registry has no referrers API. */
export async function listByApi(
  client: RepositoryClient,
  subject: Digest,
  signal: AbortSignal,
): Promise<readonly Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  const maxPages = Math.max(LIMITS.referrerPages, Math.ceil(client.maxReferrers / MIN_PAGE_ENTRIES));
  let path: string | URL = `referrers/${subject}`;
  for (let page = 1; ; page += 1) {
    if (page > maxPages) throw tooMany(client, subject, `${maxPages} pages`);
    const request: RegistryRequest = {
      path,
      headers: { accept: INDEX },
      redirect: 'manual',
      signal,
      what: `referrers of ${subject}`,
      kind: 'listing',
    };
    const response = await sendOnHost(client, request);
    const answer = response && (await readPage(client, { request, response, subject }));
    if (!response || !answer) {
      if (page === 1) return undefined;
      throw malformed(client, subject, `page ${page} is not a list`);
    }
    found.push(...answer);
    if (found.length > client.maxReferrers) throw tooMany(client, subject, `${client.maxReferrers} entries`);
    const next = nextLink(response.header('link'), response.url);
    if (next === undefined) return found;
    if (!sameOrigin(next, client.endpoint.origin)) throw malformed(client, subject, 'the next page is on another host');
    path = next;
  }
}

/** Follows redirects on the registry's own host; undefined for one that leaves it (registries without the API send people to web pages). */
async function sendOnHost(client: RepositoryClient, request: RegistryRequest): Promise<HttpResponse | undefined> {
  let current = request;
  for (let hops = 0; hops <= MAX_SAME_HOST_REDIRECTS; hops += 1) {
    const response = await client.send(current);
    if (!isRedirect(response.status)) return response;
    await response.discard();
    const target = URL.parse(response.header('location') ?? '', response.url.href);
    if (!target || !sameOrigin(target, client.endpoint.origin)) return undefined;
    current = { ...request, path: target };
  }
  // a circle says nothing about what is attached
  const message = `${client.name} redirects more than ${MAX_SAME_HOST_REDIRECTS} times for its ${request.what}`;
  throw registryError('REGISTRY_UNEXPECTED_ANSWER', message);
}

interface Page {
  readonly request: RegistryRequest;
  readonly response: HttpResponse;
  readonly subject: Digest;
}

/** Undefined when the answer means "not supported". */
async function readPage(
  client: RepositoryClient,
  { request, response, subject }: Page,
): Promise<Descriptor[] | undefined> {
  const { status } = response;
  if (status === 404 || status === 405 || status === 406) {
    await response.discard();
    return undefined;
  }
  if (status !== 200) throw await client.failure(response, request);
  const type = (response.header('content-type') ?? '').toLowerCase();
  if (type.startsWith('text/html') || type.startsWith('application/xhtml')) {
    await response.discard();
    return undefined;
  }
  const bytes = await client.reading(request, () => response.bytes(LIMITS.manifestBytes));
  if (bytes[0] === 0x3c) return undefined;
  return parseListing(bytes, (why) => malformed(client, subject, why));
}

function parseListing(bytes: Uint8Array, refuse: (why: string) => Error): Descriptor[] {
  const fail = (): Error => refuse('the answer is not an index');
  let document: JsonValue;
  try {
    document = parseStrictJson(bytes, 'the listing', { maxBytes: LIMITS.manifestBytes });
  } catch (error) {
    if (isAppError(error) && error.code === 'JSON_INVALID') throw refuse(error.message);
    throw error;
  }
  const entries = isObject(document) ? (document['manifests'] ?? []) : undefined;
  if (!isObject(document) || document['schemaVersion'] !== 2 || !Array.isArray(entries)) throw fail();
  return entries.map((entry) => {
    const descriptor = tryParseDescriptor(entry);
    if (!descriptor) throw fail();
    return descriptor;
  });
}

function malformed(client: RepositoryClient, subject: Digest, why: string): Error {
  return registryError('REFERRERS_MALFORMED', `referrers of ${subject} in ${client.name}: ${why}`);
}

function tooMany(client: RepositoryClient, subject: Digest, cap: string): Error {
  return coreError('LIMIT_EXCEEDED', `${subject} in ${client.name} has more referrers than the ${cap} allowed`, {
    hint: 'remove those that are not needed any more, or raise --max-referrers',
  });
}
