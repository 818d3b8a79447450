import { hash } from 'node:crypto';
import type { Service } from '../config/services.ts';
import { derBoolean, derInteger, derNull, derOctetString, derOid, derSequence } from '../der/write-der.ts';
import { callService, invalidAnswer, type ServiceCall } from '../service/call-service.ts';
import type { Timestamp, Witness } from './contract.ts';
import { parseTimestampReply, withoutZeros } from './timestamp-reply.ts';

const TIME_LIMIT_MS = 30_000;
const MAX_ANSWER_BYTES = 256 * 1024;
const NONCE_BYTES = 16;
const SHA256_OID = '2.16.840.1.101.3.4.2.1';

export interface TimestampOptions {
  /** The policy that the authority is asked to follow; its own choice unless told. */
  readonly policy?: string;
}

/**
 * A timestamp authority of any kind, by RFC 3161 over HTTP: the SHA-256 of the signature is sent with a nonce, its certificate is asked for.
 * @see https://www.rfc-editor.org/rfc/rfc3161
 */
export function timestampAuthority(service: Service, options: TimestampOptions = {}): Witness {
  return {
    check: () => undefined,
    async testify({ signature }, { client, runtime }) {
      const imprint = hash('sha256', signature, 'buffer');
      const nonce = runtime.randomBytes(NONCE_BYTES);
      const call = {
        what: 'the timestamp authority',
        url: service.url,
        method: 'POST',
        headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
        body: timestampQuery({ imprint, nonce, ...options }),
        timeLimitMs: TIME_LIMIT_MS,
        maxAnswerBytes: MAX_ANSWER_BYTES,
        signal: runtime.signal,
      } as const satisfies ServiceCall;
      const { bytes } = await callService(client, call);
      return { kind: 'timestamp', service, timestamp: checkReply(bytes, { imprint, nonce, call, ...options }) };
    },
  };
}

interface Query extends TimestampOptions {
  readonly imprint: Uint8Array;
  readonly nonce: Uint8Array;
}

/** DER of a `TimeStampReq`. */
export function timestampQuery({ imprint, nonce, policy }: Query): Uint8Array {
  return derSequence(
    derInteger(Buffer.of(1)),
    derSequence(derSequence(derOid(SHA256_OID), derNull()), derOctetString(imprint)),
    ...(policy === undefined ? [] : [derOid(policy)]),
    derInteger(nonce),
    derBoolean(true),
  );
}

function checkReply(bytes: Uint8Array, query: Query & { readonly call: ServiceCall }): Timestamp {
  const { call } = query;
  const reply = parseTimestampReply(bytes);
  if (reply === undefined) throw invalidAnswer(call, 'is not a timestamp');
  if (!reply.granted) throw invalidAnswer(call, `is a refusal (status ${reply.status})`);
  if (reply.nonce === undefined || Buffer.compare(reply.nonce, withoutZeros(query.nonce)) !== 0)
    throw invalidAnswer(call, 'has another nonce: it was made for another request');
  if (reply.hashOid !== SHA256_OID || Buffer.compare(reply.imprint, query.imprint) !== 0)
    throw invalidAnswer(call, 'is a timestamp of something else');
  if (query.policy !== undefined && reply.policy !== query.policy)
    throw invalidAnswer(call, `follows the policy ${reply.policy}, not ${query.policy}`);
  return { response: bytes, time: reply.time };
}
