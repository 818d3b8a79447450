import type { TarInput } from '../../../src/formats/index.ts';

/** An image made to harm whoever reads it, and what must come of it all the same. */
export interface HostileCase {
  readonly id: string;
  /** What lies above the witness, a small Debian layer: members of a layer, or its very bytes. */
  readonly layer: () => Iterable<TarInput> | AsyncIterable<Uint8Array>;
  /** Codes of diagnostics or notes of which one must be told; absent: the image is merely large. */
  readonly tells?: RegExp;
  /** Exit code of `sbom create`; 0 unless told. Else there is no SBOM, and a code of an error that says why. */
  readonly exit?: number;
  /** A package that the hostile layer holds too: a part of its purl, or `name@version`. */
  readonly alsoFinds?: string;
  /** 1024 MiB unless the case is at a documented cap. */
  readonly maxMiB?: number;
}

/** A file of which only what is needed is in memory while it is written. @param make gives the same chunks each time */
export function file(path: string, make: () => Iterable<Uint8Array>, mode = 0o644): TarInput {
  let sizeBytes = 0;
  for (const chunk of make()) sizeBytes += chunk.length;
  const content = (async function* () {
    yield* make();
  })();
  return { header: { path, type: 'file', mode, sizeBytes }, content };
}

export function small(path: string, content: string | Uint8Array, mode = 0o644): TarInput {
  return { header: { path, type: 'file', mode }, content: Buffer.from(content as string) };
}

export function link(path: string, linkTarget: string): TarInput {
  return { header: { path, type: 'symlink', mode: 0o777, linkTarget } };
}

/** Lines in pieces of a megabyte, between a beginning and an end. */
export function* numbered(
  count: number,
  line: (index: number) => string,
  ends: readonly [string, string] = ['', ''],
): Generator<Uint8Array> {
  const parts = [ends[0]];
  let characters = 0;
  for (let index = 0; index < count; index += 1) {
    const text = line(index);
    parts.push(text);
    characters += text.length;
    if (characters < 1_000_000) continue;
    yield Buffer.from(parts.join(''));
    parts.length = 0;
    characters = 0;
  }
  parts.push(ends[1]);
  yield Buffer.from(parts.join(''));
}

/** One piece of bytes again and again, up to a size. */
export function* repeated(unit: Uint8Array, sizeBytes: number): Generator<Uint8Array> {
  const piece = Buffer.alloc(Math.max(1, Math.floor(1_048_576 / unit.length)) * unit.length, unit);
  for (let left = sizeBytes; left > 0; left -= piece.length)
    yield left >= piece.length ? piece : piece.subarray(0, left);
}
