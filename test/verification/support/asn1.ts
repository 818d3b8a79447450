/** Writes DER by hand, so that certificates and tokens of any shape, wrong ones too, can be made. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 128) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const hex = content.length.toString(16);
  const size = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 + size.length]), size, content]);
}

export const seq = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => tlv(0x31, ...parts);
export const octets = (bytes: Uint8Array): Buffer => tlv(0x04, bytes);
export const utf8 = (text: string): Buffer => tlv(0x0c, Buffer.from(text));
export const bool = (value: boolean): Buffer => tlv(0x01, Buffer.from([value ? 0xff : 0]));
export const bits = (bytes: Uint8Array, unused = 0): Buffer => tlv(0x03, Buffer.from([unused]), bytes);
export const nothing = (): Buffer => tlv(0x05);
/** A context tag around something. */
export const context = (number: number, ...parts: readonly Uint8Array[]): Buffer => tlv(0xa0 + number, ...parts);
/** A context tag in place of a primitive one. */
export const contextValue = (number: number, value: Uint8Array | string): Buffer =>
  tlv(0x80 + number, Buffer.from(value as string));

export function int(value: number | Uint8Array): Buffer {
  if (typeof value !== 'number') return tlv(0x02, value);
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return tlv(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(arcOctets)]));
}

function arcOctets(arc: number): readonly number[] {
  const octetsOfArc = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
    octetsOfArc.unshift((rest % 128) + 128);
  return octetsOfArc;
}

/** GeneralizedTime, as timestamps have it. */
export function time(date: Date): Buffer {
  return tlv(0x18, Buffer.from(date.toISOString().replaceAll(/[-:T]|\.\d+/g, '')));
}

/** UTCTime, as certificates have it before 2050. */
export function shortTime(date: Date): Buffer {
  return tlv(0x17, Buffer.from(date.toISOString().replaceAll(/^..|[-:T]|\.\d+/g, '')));
}

/** A distinguished name: a common name, after an organization when that stands before it and a line break. */
export function name(text: string): Buffer {
  const [commonName = '', organization] = text.split('\n').toReversed();
  const part = (type: string, value: string): Buffer => set(seq(oid(type), utf8(value)));
  return seq(...(organization === undefined ? [] : [part('2.5.4.10', organization)]), part('2.5.4.3', commonName));
}
