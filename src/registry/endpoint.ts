import { isAppError } from '../core/index.ts';
import { isLoopbackHost, type HttpClient } from '../net/index.ts';
import type { RegistryReference } from '../image/index.ts';

/** Where a registry is reached. */
export interface Endpoint {
  /** As users name it: `docker.io`. */
  readonly registry: string;
  /** `https://registry-1.docker.io` */
  readonly origin: URL;
}

const DOCKER_HUB = 'docker.io';
const DOCKER_HUB_HOST = 'registry-1.docker.io';

/**
 * Finds a registry's origin: https, unless the host is loopback or the user said it may be insecure. For those it is asked once which of the
 * two it speaks: loopback in http first, others in https first, so that a registry with a certificate is never spoken to without.
 */
export async function findEndpoint(
  reference: RegistryReference,
  insecureRegistries: readonly string[],
  asking: { readonly client: HttpClient; readonly signal: AbortSignal },
): Promise<Endpoint> {
  const { registry } = reference;
  const host = registry === DOCKER_HUB ? DOCKER_HUB_HOST : registry;
  const secure = new URL(`https://${host}/`);
  const plain = new URL(`http://${host}/`);
  const loopback = isLoopbackHost(secure.hostname);
  const insecure = insecureRegistries.some((entry) => entry.toLowerCase() === registry);
  if (!loopback && !insecure) return { registry, origin: secure };
  const [first, second] = loopback ? [plain, secure] : [secure, plain];
  if (await answers(first, asking)) return { registry, origin: first };
  return { registry, origin: (await answers(second, asking)) ? second : first };
}

async function answers(
  origin: URL,
  asking: { readonly client: HttpClient; readonly signal: AbortSignal },
): Promise<boolean> {
  try {
    const url = new URL('/v2/', origin);
    const response = await asking.client.request({ url, signal: asking.signal, attempts: 1, redirect: 'manual' });
    await response.discard();
    // servers that speak TLS answer 400 to plain HTTP
    return response.status !== 400;
  } catch (error) {
    if (asking.signal.aborted) throw error;
    // something took the request and is slow: that is the scheme
    return isAppError(error) && error.code === 'NET_TIMEOUT' && error.details?.['phase'] === 'headers';
  }
}
