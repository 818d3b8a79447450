import type { Digest } from '../core/index.ts';
import { deploymentError } from './errors.ts';
import { decodeText, readDeployment, type ReadDeploymentOptions } from './read-deployment.ts';
import type { DeployedImage } from './types.ts';

/** One image to pin. */
export interface Pin {
  readonly image: DeployedImage;
  readonly digest: Digest;
}

/**
 * The file with `@DIGEST` put behind each of some images; every other byte stays as it is. What comes out is read again: it must hold exactly the same images, these
 * pinned.
 * @param bytes of the file that the images were found in
 * @throws AppError PIN_NOT_POSSIBLE for block scalars and quoted text with escapes, PIN_FILE_CHANGED when the images do not stand there
 */
export async function withPins(
  bytes: Uint8Array,
  pins: readonly Pin[],
  options: ReadDeploymentOptions,
): Promise<Uint8Array> {
  const text = decodeText(bytes);
  if (text === undefined) throw changed(options.file);
  const byPlace = new Map(pins.map((pin) => [pin.image.span.start, pin] as const));
  let body = text.body;
  // from the end, so that offsets before stay true
  for (const pin of [...byPlace.values()].toSorted((a, b) => b.image.span.start - a.image.span.start)) {
    const { start, end } = pin.image.span;
    body = body.slice(0, start) + pinned(body.slice(start, end), pin) + body.slice(end);
  }
  const result = Buffer.from(text.mark + body);
  await verify(bytes, { result, byPlace }, options);
  return result;
}

function pinned(raw: string, { image, digest }: Pin): string {
  const quote = /^(["'])[^]*\1$/.exec(raw)?.[1] ?? '';
  const value = raw.slice(quote.length, raw.length - quote.length);
  if (value === image.written) return `${quote}${value}@${digest}${quote}`;
  const { file, line, column } = image.place;
  throw deploymentError('PIN_NOT_POSSIBLE', `${file}:${line}:${column}: the image is not written in one plain piece`, {
    hint: 'write it on one line, without escapes',
  });
}

interface Written {
  readonly result: Uint8Array;
  readonly byPlace: ReadonlyMap<number, Pin>;
}

async function verify(before: Uint8Array, { result, byPlace }: Written, options: ReadDeploymentOptions): Promise<void> {
  const old = await readDeployment(before, options);
  const now = await readDeployment(result, options);
  const expected = old.images.map(({ written, place, span }) => {
    const pin = byPlace.get(span.start);
    return `${place.path} ${pin === undefined ? written : `${written}@${pin.digest}`}`;
  });
  const found = now.images.map(({ written, place }) => `${place.path} ${written}`);
  const all = [...byPlace.values()].every(({ image }) =>
    old.images.some(({ span, written }) => span.start === image.span.start && written === image.written),
  );
  if (!all || now.problems.length > 0 || expected.join('\n') !== found.join('\n')) throw changed(options.file);
}

function changed(file: string): Error {
  return deploymentError('PIN_FILE_CHANGED', `${file} is not the file that was checked any more`, {
    hint: 'check again: nothing was written to it',
  });
}
