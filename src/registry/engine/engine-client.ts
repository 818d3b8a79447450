import { request as plainRequest, type IncomingMessage } from 'node:http';
import { request as tlsRequest, type RequestOptions } from 'node:https';
import { throwIfAborted } from '../../core/index.ts';
import { registryError } from '../errors.ts';
import { formatEngineAddress, type EngineAddress } from './engine-address.ts';
import { connectionFailure } from './engine-failure.ts';

/** Nothing heard for so long is no answer; an engine packs an image while it sends. */
const IDLE_MS = 120_000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Asks an engine; the answer's body is still to be read. Any status. @throws AppError ENGINE_UNREACHABLE, INTERRUPTED */
export async function askEngine(address: EngineAddress, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  throwIfAborted(signal);
  const where = formatEngineAddress(address);
  const answer = Promise.withResolvers<IncomingMessage>();
  const request = isTls(address)
    ? tlsRequest(optionsOf(address, path, signal))
    : plainRequest(optionsOf(address, path, signal));
  request.setTimeout(IDLE_MS, () => request.destroy(new Error(`no answer within ${IDLE_MS / 1000} s`)));
  request.once('response', answer.resolve);
  request.on('error', (error) => answer.reject(error));
  request.end();
  try {
    return await answer.promise;
  } catch (error) {
    throwIfAborted(signal);
    throw connectionFailure(where, error);
  }
}

function isTls(address: EngineAddress): boolean {
  return address.kind === 'tcp' && address.tls !== undefined;
}

function optionsOf(address: EngineAddress, path: string, signal: AbortSignal): RequestOptions {
  const common = { path, method: 'GET', headers: { host: 'engine', accept: '*/*' }, signal, agent: false } as const;
  if (address.kind === 'socket') return { ...common, socketPath: address.path };
  const { host, port, tls } = address;
  if (tls === undefined) return { ...common, host, port };
  const { verify, ...pem } = tls;
  return { ...common, host, port, ...pem, rejectUnauthorized: verify };
}

/** The whole body of an answer as JSON. @throws AppError ENGINE_UNEXPECTED_ANSWER */
export async function readJsonAnswer(answer: IncomingMessage, where: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) throw new Error(`more than ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    answer.destroy();
    throw registryError('ENGINE_UNEXPECTED_ANSWER', `${where} gave an answer that is no JSON`, { cause });
  }
}
