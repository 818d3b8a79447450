import { derChild, derChildren, derOid, readDer } from '../../../src/keys/index.ts';

export interface TimestampQuery {
  readonly artifactHash: Buffer;
  readonly hashAlgorithmOID: string;
  readonly nonce: number;
  readonly policyOID?: string;
  readonly certReq: boolean;
}

/** Reads a `TimeStampReq`. The fake authority knows small nonces only. */
export function readTimestampQuery(bytes: Uint8Array): TimestampQuery {
  const members = derChildren(readDer(bytes));
  const [imprint, rest] = [derChildren(derChild(members, 1)), members.slice(2)];
  const policy = rest.find(({ tag }) => tag === 0x06);
  const nonce = Buffer.from(rest.find(({ tag }) => tag === 0x02)?.content ?? []);
  const policyOID = policy === undefined ? undefined : derOid(policy);
  return {
    artifactHash: Buffer.from(derChild(imprint, 1).content),
    hashAlgorithmOID: derOid(derChild(derChildren(derChild(imprint, 0)), 0)),
    nonce: Number(BigInt(`0x${nonce.toString('hex')}`)),
    certReq: rest.find(({ tag }) => tag === 0x01)?.content[0] === 0xff,
    ...(policyOID === undefined ? {} : { policyOID }),
  };
}
