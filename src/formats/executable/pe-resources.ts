import { bytesAt } from './executable.ts';
import type { PeFile } from './pe.ts';

const RESOURCE_DIRECTORY = 2;
/** Type, name, language: no deeper. */
const LEVELS = 3;
const MAX_ENTRIES = 4096;
const SUBDIRECTORY = 0x80000000;

/**
 * The first resource of a type in a hostile Windows executable. The tree of resources has exactly three levels: what leads deeper, back or outside is
 * passed over, and at most 4,096 entries are looked at. Never throws.
 * @param type number of the type: 16 is the version
 * @returns at most `maxBytes` of it
 * @see https://learn.microsoft.com/windows/win32/debug/pe-format#the-rsrc-section
 */
export function peResource(file: PeFile, type: number, maxBytes: number): Buffer | undefined {
  const directory = file.directories[RESOURCE_DIRECTORY];
  if (directory === undefined) return undefined;
  const tree = bytesAt(file, file.imageBase + directory.address, directory.sizeBytes);
  if (tree === undefined) return undefined;
  const leaf = findLeaf(tree, { at: 0, level: 0, type, budget: { entries: MAX_ENTRIES } });
  if (leaf === undefined || leaf + 8 > tree.length) return undefined;
  const address = tree.readUInt32LE(leaf);
  const sizeBytes = tree.readUInt32LE(leaf + 4);
  return bytesAt(file, file.imageBase + address, Math.min(sizeBytes, maxBytes));
}

interface Search {
  readonly at: number;
  readonly level: number;
  readonly type: number;
  readonly budget: { entries: number };
}

/** Offset of the first leaf below a directory of the tree. */
function findLeaf(tree: Buffer, search: Search): number | undefined {
  const { at, level, type, budget } = search;
  if (at + 16 > tree.length) return undefined;
  const named = tree.readUInt16LE(at + 12);
  const count = named + tree.readUInt16LE(at + 14);
  for (let index = 0; index < count; index += 1) {
    const start = at + 16 + index * 8;
    budget.entries -= 1;
    if (budget.entries < 0 || start + 8 > tree.length) return undefined;
    if (level === 0 && tree.readUInt32LE(start) !== type) continue;
    const target = tree.readUInt32LE(start + 4);
    const isDirectory = target >= SUBDIRECTORY;
    if (isDirectory !== level < LEVELS - 1) continue;
    if (!isDirectory) return target;
    const found = findLeaf(tree, { at: target - SUBDIRECTORY, level: level + 1, type, budget });
    if (found !== undefined) return found;
  }
  return undefined;
}
