import { isAppError, parseStrictJson } from '../../core/index.ts';
import type { CapturedFile } from '../../filesystem/index.ts';
import { asObject, decodeText, type JsonObject } from '../language/json-fields.ts';
import { cycloneDxDocument } from './cyclonedx-document.ts';
import { cycloneDxRecord } from './cyclonedx-xml.ts';
import type { DeclaredDocument } from './declared-document.ts';
import { spdxDocument } from './spdx-document.ts';
import { isTagValue, tagValueRecord } from './spdx-tag-value.ts';

/** A file's document; or why it cannot be read; `other` when it is a file of another kind. */
export type ReadDocument = DeclaredDocument | { readonly unreadable: string } | 'other';

export const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;
const MAX_DEPTH = 256;
/** Where a document shows what it is. */
const HEAD_BYTES = 64 * 1024;

/** Reads a CycloneDX document in JSON or XML, or an SPDX one in JSON or lines of tags. Hostile input: never throws; bytes, depth and components are capped. */
export function readDeclaredDocument({ bytes }: CapturedFile): ReadDocument {
  const record = readRecord(bytes);
  if (record === undefined) return 'other';
  if (typeof record === 'string') return { unreadable: record };
  return cycloneDxDocument(record) ?? spdxDocument(record) ?? 'other';
}

/** A sentence for what cannot be read, undefined for another kind of file. */
function readRecord(bytes: Uint8Array): JsonObject | string | undefined {
  const head = decodeText(bytes.subarray(0, HEAD_BYTES)).trimStart();
  if (head.startsWith('<')) return cycloneDxRecord(decodeText(bytes));
  if (!head.startsWith('{') && isTagValue(head)) return tagValueRecord(decodeText(bytes));
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  try {
    const limits = { maxBytes: MAX_DOCUMENT_BYTES, maxDepth: MAX_DEPTH };
    return asObject(parseStrictJson(marked ? bytes.subarray(3) : bytes, 'the document', limits));
  } catch (error) {
    if (isAppError(error) || error instanceof RangeError) return error.message;
    throw error;
  }
}
