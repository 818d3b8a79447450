import { DER_TAG, DerError, derChild, derChildren, derOid, readDer, tryDer } from '../../keys/index.ts';

/** Who vouched for the identity: text as it is (deprecated), and a DER string. */
const ISSUER_V1 = '1.3.6.1.4.1.57264.1.1';
const ISSUER_V2 = '1.3.6.1.4.1.57264.1.8';
/** Signed certificate timestamps. @see https://www.rfc-editor.org/rfc/rfc6962#section-3.3 */
const SCT_LIST = '1.3.6.1.4.1.11129.2.4.2';

/** What is read of a certificate's extensions on the way to a bundle. */
export interface FulcioExtensions {
  readonly issuer?: string;
  /** How many signed certificate timestamps are embedded. */
  readonly timestamps: number;
}

/** Undefined when the certificate is not DER that can be walked. */
export function fulcioExtensions(certificate: Uint8Array): FulcioExtensions | undefined {
  return tryDer(() => {
    const values = extensionValues(certificate);
    const issuer = issuerOf(values);
    return { ...(issuer === undefined ? {} : { issuer }), timestamps: countTimestamps(values.get(SCT_LIST)) };
  });
}

/** Contents of the extensions by object identifier. */
function extensionValues(certificate: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const tbs = derChildren(derChild(derChildren(readDer(certificate)), 0));
  const holder = derChild(
    tbs,
    tbs.findIndex(({ tag }) => tag === DER_TAG.context3),
  );
  const values = new Map<string, Uint8Array>();
  for (const extension of derChildren(derChild(derChildren(holder), 0))) {
    const members = derChildren(extension);
    const oid = derOid(derChild(members, 0));
    if (values.has(oid)) throw new DerError('an extension twice');
    values.set(oid, derChild(members, members.length - 1, DER_TAG.octetString).content);
  }
  return values;
}

function issuerOf(values: ReadonlyMap<string, Uint8Array>): string | undefined {
  const v2 = values.get(ISSUER_V2);
  if (v2 !== undefined) {
    const text = tryDer(() => readDer(v2, DER_TAG.utf8String));
    return text === undefined ? undefined : Buffer.from(text.content).toString('utf8');
  }
  const v1 = values.get(ISSUER_V1);
  return v1 === undefined ? undefined : Buffer.from(v1).toString('utf8');
}

/** A list of lengths and values inside an octet string. */
function countTimestamps(extension: Uint8Array | undefined): number {
  const inner = extension === undefined ? undefined : tryDer(() => readDer(extension, DER_TAG.octetString));
  if (inner === undefined || inner.content.byteLength < 2) return 0;
  const list = Buffer.from(inner.content);
  if (list.readUInt16BE(0) !== list.byteLength - 2) return 0;
  let count = 0;
  for (let offset = 2; offset < list.byteLength; count += 1) {
    if (offset + 2 > list.byteLength) return 0;
    offset += 2 + list.readUInt16BE(offset);
    if (offset > list.byteLength) return 0;
  }
  return count;
}
