import { derChildren, derOidText, readDer } from '../../../src/signing/der/read-der.ts';

export interface TimestampQuery {
  readonly artifactHash: Buffer;
  readonly hashAlgorithmOID: string;
  readonly nonce: number;
  readonly policyOID?: string;
  readonly certReq: boolean;
}

/** Reads a `TimeStampReq`. The fake authority knows small nonces only. */
export function readTimestampQuery(bytes: Uint8Array): TimestampQuery {
  const [, imprint, ...rest] = derChildren(readDer(bytes)) ?? [];
  const [algorithm, hashed] = derChildren(imprint) ?? [];
  const policy = rest.find(({ tag }) => tag === 0x06);
  const nonce = Buffer.from(rest.find(({ tag }) => tag === 0x02)?.content ?? []);
  const policyOID = derOidText(policy);
  return {
    artifactHash: Buffer.from(hashed?.content ?? []),
    hashAlgorithmOID: derOidText(derChildren(algorithm)?.[0]) ?? '',
    nonce: Number(BigInt(`0x${nonce.toString('hex')}`)),
    certReq: rest.find(({ tag }) => tag === 0x01)?.content[0] === 0xff,
    ...(policyOID === undefined ? {} : { policyOID }),
  };
}
