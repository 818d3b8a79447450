import { peResource } from './pe-resources.ts';
import { tryParsePe, type PeFile } from './pe.ts';

/** What `extractPeVersion` keeps of an executable, as JSON. */
export interface PeVersion {
  readonly architecture: string;
  /** Whether it holds .NET code. */
  readonly managed: boolean;
  /** Texts of the version resource by their names, trimmed, as found; those the reader knows and that are not empty. */
  readonly strings: Readonly<Partial<Record<PeVersionKey, string>>>;
}

const KEYS = [
  'CompanyName',
  'ProductName',
  'FileDescription',
  'FileVersion',
  'ProductVersion',
  'InternalName',
  'OriginalFilename',
] as const;
export type PeVersionKey = (typeof KEYS)[number];

const VERSION_RESOURCE = 16;
const CLR_DIRECTORY = 14;
const MAX_RESOURCE_BYTES = 256 * 1024;
const MAX_BLOCKS = 2048;
const MAX_TEXT_CHARS = 512;

/**
 * Reads the version resource of a Windows executable or library. Hostile bytes: bounded in bytes, blocks and depth; never throws.
 * @returns a `PeVersion` as compact UTF-8 JSON, or undefined when there is no such resource with a text that is known
 * @see https://learn.microsoft.com/windows/win32/menurc/vs-versioninfo
 */
export function extractPeVersion(bytes: Uint8Array): Uint8Array | undefined {
  const file = tryParsePe(bytes);
  if (file === undefined) return undefined;
  const resource = peResource(file, VERSION_RESOURCE, MAX_RESOURCE_BYTES);
  const strings = resource === undefined ? {} : readStrings(resource);
  if (Object.keys(strings).length === 0) return undefined;
  const found: PeVersion = { architecture: file.architecture, managed: isManaged(file), strings };
  return Buffer.from(JSON.stringify(found), 'utf8');
}

function isManaged(file: PeFile): boolean {
  return file.directories[CLR_DIRECTORY] !== undefined;
}

/** A block of the resource: a key, perhaps a value, perhaps further blocks. */
interface Block {
  readonly key: string;
  /** After the key, up to the block's end. */
  readonly valueAt: number;
  readonly valueLength: number;
  readonly end: number;
}

/** The tables of texts lie at a fixed depth: resource, StringFileInfo, language, text. The first table that says something counts. */
function readStrings(resource: Buffer): Readonly<Partial<Record<PeVersionKey, string>>> {
  const strings: Partial<Record<PeVersionKey, string>> = {};
  const budget = { blocks: MAX_BLOCKS };
  const root = readBlock(resource, 0, resource.length);
  if (root === undefined || root.key !== 'VS_VERSION_INFO') return strings;
  for (const info of children(resource, root, budget)) {
    if (info.key !== 'StringFileInfo') continue;
    for (const table of children(resource, info, budget)) {
      for (const text of children(resource, table, budget)) {
        const key = KEYS.find((name) => name === text.key);
        const value = key === undefined ? '' : textOf(resource, text);
        if (key !== undefined && value !== '') strings[key] ??= value;
      }
    }
  }
  return strings;
}

function* children(resource: Buffer, parent: Block, budget: { blocks: number }): Generator<Block> {
  let at = align(parent.valueAt + parent.valueLength);
  while (at + 6 <= parent.end && budget.blocks > 0) {
    budget.blocks -= 1;
    const block = readBlock(resource, at, parent.end);
    if (block === undefined) return;
    yield block;
    at = align(block.end);
  }
}

/** Lengths of the block and of its value, a type, the key with its zero, padding. */
function readBlock(resource: Buffer, at: number, limit: number): Block | undefined {
  if (at + 6 > limit) return undefined;
  const length = resource.readUInt16LE(at);
  const end = at + length;
  if (length < 6 || end > limit) return undefined;
  let keyEnd = at + 6;
  while (keyEnd + 2 <= end && resource.readUInt16LE(keyEnd) !== 0) keyEnd += 2;
  // binary values count bytes, texts characters; compilers differ, so that texts are read up to their zero
  const isText = resource.readUInt16LE(at + 4) === 1;
  const valueLength = isText ? 0 : resource.readUInt16LE(at + 2);
  return { key: resource.toString('utf16le', at + 6, keyEnd), valueAt: align(keyEnd + 2), valueLength, end };
}

function textOf(resource: Buffer, { valueAt, end }: Block): string {
  let valueEnd = valueAt;
  while (valueEnd + 2 <= end && resource.readUInt16LE(valueEnd) !== 0) valueEnd += 2;
  const text = resource.toString('utf16le', valueAt, Math.max(valueAt, valueEnd)).trim();
  return text.length > MAX_TEXT_CHARS ? '' : text;
}

function align(offset: number): number {
  return Math.ceil(offset / 4) * 4;
}
