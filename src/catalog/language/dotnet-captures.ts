import { parseBoundedJson } from '../../core/index.ts';
import type { CapturedFile } from '../../filesystem/index.ts';
import type { DotnetBundle, PeVersion } from '../../formats/index.ts';
import { asObject, decodeText, type JsonObject } from './json-fields.ts';

/** What is left of an extractor's JSON once checked: a layer cache may hand over anything. */
export type CheckedBundle = Pick<DotnetBundle, 'bundleVersion' | 'depsName' | 'depsJson' | 'runtimeConfig' | 'problem'>;

/** @returns undefined for what the extractor never writes */
export function parseBundle({ bytes }: CapturedFile): CheckedBundle | undefined {
  const object = parse(bytes);
  const bundleVersion = object?.['bundleVersion'];
  if (object === undefined || typeof bundleVersion !== 'string') return undefined;
  const text = <Key extends string>(key: Key): Partial<Record<Key, string>> => {
    const value = object[key];
    // a byte-order mark of the file inside is no part of its text
    return typeof value === 'string' ? ({ [key]: value.replace(/^\ufeff/, '') } as Record<Key, string>) : {};
  };
  return { bundleVersion, ...text('depsName'), ...text('depsJson'), ...text('runtimeConfig'), ...text('problem') };
}

/** @returns undefined for what the extractor never writes */
export function parsePeVersion({ bytes }: CapturedFile): Pick<PeVersion, 'managed' | 'strings'> | undefined {
  const object = parse(bytes);
  const strings = asObject(object?.['strings']);
  if (strings === undefined || typeof object?.['managed'] !== 'boolean') return undefined;
  const texts = Object.entries(strings).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return { managed: object['managed'], strings: Object.fromEntries(texts) };
}

function parse(bytes: Uint8Array): JsonObject | undefined {
  try {
    return asObject(parseBoundedJson(decodeText(bytes)));
  } catch {
    return undefined;
  }
}
