import { randomBytes } from 'node:crypto';
import type { Runtime } from '../../../src/core/index.ts';
import { createHttpClient, type HttpClient, type HttpClientOptions } from '../../../src/net/index.ts';

export interface TestRuntime extends Pick<Runtime, 'env' | 'now' | 'randomBytes' | 'signal'> {
  readonly env: Readonly<Record<string, string>>;
}

/** Real time and randomness (small nonces for the fake timestamp authority), this environment and nothing of the machine's. */
export function testRuntime(env: Readonly<Record<string, string>> = {}): TestRuntime {
  return {
    env,
    now: () => new Date(),
    randomBytes: (length) =>
      length === 16 ? Buffer.concat([Buffer.alloc(12), Buffer.of(0x11), randomBytes(3)]) : randomBytes(length),
    signal: new AbortController().signal,
  };
}

/** A client that does not really wait between tries. */
export function quickClient(options: Partial<HttpClientOptions> = {}): HttpClient {
  return createHttpClient({ runtime: testRuntime(), sleep: async () => undefined, ...options });
}
