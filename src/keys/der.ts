/** One element of DER: its identifier octet, what is in it, and both with the length between. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly bytes: Uint8Array;
}

export const DER_TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** [0], constructed. */
  context0: 0xa0,
  /** [3], constructed. */
  context3: 0xa3,
} as const;

/** Elements of one constructed value; far above any certificate. */
const MAX_CHILDREN = 1024;
const MAX_OID_BYTES = 64;
/** One arc of an OID may be a UUID. */
const MAX_ARC = 1n << 128n;

/** DER that breaks the rules: those who parse hostile bytes turn it into their own reason. */
export class DerError extends Error {}

/** What was read, or undefined when the bytes break the rules. */
export function tryDer<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

/**
 * The one element that the bytes are, with nothing after it.
 * @throws Error (`tryDer` gives undefined instead) for anything that is not DER: indefinite or padded lengths, tags of several octets, trailing bytes
 */
export function readDer(bytes: Uint8Array, tag?: number): DerElement {
  const element = elementAt(bytes, 0);
  if (element.bytes.byteLength !== bytes.byteLength) throw new DerError('bytes after the end');
  if (tag !== undefined) expectTag(element, tag);
  return element;
}

/** The elements inside a constructed one. */
export function derChildren(parent: DerElement, tag?: number): readonly DerElement[] {
  if (tag !== undefined) expectTag(parent, tag);
  if ((parent.tag & 0x20) === 0) throw new DerError('a primitive value has no elements');
  return derElements(parent.content);
}

/** The elements that follow one another in the bytes. */
export function derElements(bytes: Uint8Array): readonly DerElement[] {
  const elements: DerElement[] = [];
  let offset = 0;
  while (offset < bytes.byteLength) {
    if (elements.length === MAX_CHILDREN) throw new DerError(`more than ${MAX_CHILDREN} elements in one`);
    const element = elementAt(bytes, offset);
    elements.push(element);
    offset += element.bytes.byteLength;
  }
  return elements;
}

/** The element at a place of a sequence, which must be there. */
export function derChild(elements: readonly DerElement[], index: number, tag?: number): DerElement {
  const element = elements[index];
  if (element === undefined) throw new DerError(`element ${index} is missing`);
  if (tag !== undefined) expectTag(element, tag);
  return element;
}

export function derInteger(element: DerElement): bigint {
  expectTag(element, DER_TAG.integer);
  const { content } = element;
  if (content.byteLength === 0 || content.byteLength > 64) throw new DerError('an integer of no or too many bytes');
  const unsigned = BigInt(`0x${Buffer.from(content).toString('hex')}`);
  return (content[0] ?? 0) & 0x80 ? unsigned - (1n << BigInt(content.byteLength * 8)) : unsigned;
}

export function derBoolean(element: DerElement): boolean {
  expectTag(element, DER_TAG.boolean);
  const [value] = element.content;
  if (element.content.byteLength !== 1 || (value !== 0 && value !== 0xff)) throw new DerError('not a boolean of DER');
  return value === 0xff;
}

/** Dotted form. */
export function derOid(element: DerElement): string {
  expectTag(element, DER_TAG.oid);
  const { content } = element;
  if (content.byteLength === 0 || content.byteLength > MAX_OID_BYTES)
    throw new DerError('an OID of no or too many bytes');
  const arcs: bigint[] = [];
  let arc = 0n;
  let open = false;
  for (const octet of content) {
    if (!open && octet === 0x80) throw new DerError('a padded OID');
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if (arc > MAX_ARC) throw new DerError('an OID with an arc beyond 128 bits');
    open = (octet & 0x80) !== 0;
    if (open) continue;
    arcs.push(arc);
    arc = 0n;
  }
  if (open) throw new DerError('an OID that ends early');
  const first = arcs[0] ?? 0n;
  const root = first < 40n ? 0n : first < 80n ? 1n : 2n;
  return [root, first - root * 40n, ...arcs.slice(1)].join('.');
}

/** UTCTime or GeneralizedTime in the form that DER demands; fractions of seconds are cut to milliseconds. */
export function derTime(element: DerElement): Date {
  const text = Buffer.from(element.content).toString('latin1');
  const short = element.tag === DER_TAG.utcTime;
  if (!short && element.tag !== DER_TAG.generalizedTime) throw new DerError('not a time');
  const match = (short ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : TIME).exec(text);
  if (match === null) throw new DerError('a time in another form than DER has');
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = ''] = match;
  const century = !short ? '' : Number(year) >= 50 ? '19' : '20';
  const milliseconds = fraction === '' ? '' : `.${fraction.slice(0, 3)}`;
  const date = new Date(`${century}${year}-${month}-${day}T${hour}:${minute}:${second}${milliseconds}Z`);
  // the calendar is checked too: 31 February would be moved to March
  if (Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(day)) throw new DerError('no such time');
  return date;
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{0,8}[1-9]))?Z$/;

/** Which bits are set, the first being the highest of the first octet. */
export function derBits(element: DerElement): readonly boolean[] {
  const bytes = derBitStringBytes(element, false);
  const unused = element.content[0] ?? 0;
  const bits = [...bytes].flatMap((octet) => Array.from({ length: 8 }, (_, bit) => (octet & (0x80 >> bit)) !== 0));
  return bits.slice(0, bits.length - unused);
}

/** The octets of a bit string; with `whole`, no bits may be left over. */
export function derBitStringBytes(element: DerElement, whole = true): Uint8Array {
  expectTag(element, DER_TAG.bitString);
  const unused = element.content[0];
  if (unused === undefined || unused > 7 || (whole && unused !== 0)) throw new DerError('not a bit string');
  if (unused > 0 && element.content.byteLength === 1) throw new DerError('not a bit string');
  return element.content.subarray(1);
}

/** Writes one element. */
export function encodeDer(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const size = content.byteLength;
  if (size < 0x80) return Buffer.concat([Buffer.from([tag, size]), content]);
  const hex = size.toString(16);
  const length = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.byteLength]), length, content]);
}

function expectTag(element: DerElement, tag: number): void {
  if (element.tag !== tag) throw new DerError(`tag 0x${element.tag.toString(16)} where 0x${tag.toString(16)} is due`);
}

function elementAt(bytes: Uint8Array, offset: number): DerElement {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new DerError('it ends early');
  if ((tag & 0x1f) === 0x1f || tag === 0) throw new DerError('a tag that is not read');
  let start = offset + 2;
  let size = first;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4) throw new DerError('a length of indefinite or too great size');
    size = 0;
    for (let index = 0; index < octets; index += 1) size = size * 256 + (bytes[start + index] ?? 0);
    if (size < 0x80 || bytes[start] === 0) throw new DerError('a padded length');
    start += octets;
  }
  const end = start + size;
  if (end > bytes.byteLength) throw new DerError('it ends early');
  return { tag, content: bytes.subarray(start, end), bytes: bytes.subarray(offset, end) };
}
