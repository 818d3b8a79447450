import { isAppError } from '../../src/core/index.ts';
import { createHttpClient, type HttpClient, type HttpClientOptions } from '../../src/net/index.ts';
import { quietRuntime } from '../support/registry/opening.ts';

export interface TestClient {
  readonly client: HttpClient;
  /** Milliseconds that were waited, or would have been. */
  readonly waits: number[];
}

/** A client that notes waiting instead of doing it. */
export function testClient(options: Partial<HttpClientOptions> = {}): TestClient {
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  return { client: createHttpClient({ runtime: quietRuntime(), sleep, ...options }), waits };
}

/** For `assert.rejects`: an AppError with this code whose message matches. */
export function failsWith(code: string, message?: RegExp): (error: unknown) => boolean {
  return (error) => {
    if (!isAppError(error) || error.code !== code) throw error;
    if (message && !message.test(error.message)) throw new Error(`message does not match ${message}: ${error.message}`);
    return true;
  };
}
