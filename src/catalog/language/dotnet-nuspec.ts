import type { CapturedFile } from '../../filesystem/index.ts';
import { tryParseXml } from '../../formats/index.ts';
import { asText, decodeText } from './json-fields.ts';

/** Package that a `.nuspec` is of. */
export interface NuspecIdentity {
  readonly name: string;
  readonly version: string;
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
const VERSION = /^\d{1,9}(?:\.\d{1,9}){1,3}(?:-[0-9A-Za-z.-]{1,64})?(?:\+[0-9A-Za-z.-]{1,64})?$/;

/**
 * Reads which package a folder of NuGet's holds. Hostile input; never throws.
 * @returns undefined for a template of a package (`$version$`) and for any other file
 * @see https://learn.microsoft.com/nuget/reference/nuspec
 */
export function readNuspec({ bytes }: CapturedFile): NuspecIdentity | undefined {
  const root = tryParseXml(decodeText(bytes), { maxElements: 10_000 });
  const metadata = root?.name === 'package' ? root.children.find(({ name }) => name === 'metadata') : undefined;
  const field = (wanted: string): string => asText(metadata?.children.find(({ name }) => name === wanted)?.text) ?? '';
  const [name, version] = [field('id'), field('version')];
  return NAME.test(name) && VERSION.test(version) ? { name, version: version.replace(/\+.*$/s, '') } : undefined;
}
