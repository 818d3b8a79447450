import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson, sha256Hex, TOOL_SOURCES, TOOL_VERSION, type JsonValue } from '../../core/index.ts';
import { CacheFolder, type EntryShape } from './cache-folder.ts';

const SHAPE: EntryShape = { maxBytes: 64 * 1024 * 1024, touchOffset: 0 };
const UNTOUCHED = new Uint8Array(1);
const BODY_OFFSET = 1 + 32;

/**
 * What was computed from layers that were read and verified, kept beside them in the layer cache: entries are authenticated with the same key, and go when
 * the folder grows too large. One that is damaged, not authentic or of another question is not there. Never fails.
 *
 * An entry: a zero; HMAC-SHA256 of the entry's name and of all that follows; the answer as JSON.
 */
export class FactsCache {
  readonly #folder: CacheFolder;

  private constructor(folder: CacheFolder) {
    this.#folder = folder;
  }

  /** @returns undefined when the folder cannot be used */
  static async open(cacheDir: string): Promise<FactsCache | undefined> {
    const folder = await CacheFolder.open(cacheDir);
    return folder && new FactsCache(folder);
  }

  /** @param question everything that the answer depends on, but waybill's own code, whose version and digest are part of the name */
  async find(question: JsonValue): Promise<JsonValue | undefined> {
    const name = nameOf(question);
    return this.#folder.find(name, SHAPE, (buffer) => {
      const entry = Buffer.from(buffer);
      const body = entry.subarray(BODY_OFFSET);
      if (entry.length < BODY_OFFSET || !timingSafeEqual(this.#mac(name, body), entry.subarray(1, BODY_OFFSET)))
        return undefined;
      // from here on the bytes are our own
      return JSON.parse(body.toString('utf8')) as JsonValue;
    });
  }

  async store(question: JsonValue, answer: JsonValue): Promise<void> {
    const name = nameOf(question);
    const body = Buffer.from(JSON.stringify(answer));
    if (BODY_OFFSET + body.length > SHAPE.maxBytes) return;
    await this.#folder.store(name, (handle) => handle.writev([UNTOUCHED, this.#mac(name, body), body]));
  }

  #mac(name: string, body: Uint8Array): Buffer {
    return createHmac('sha256', this.#folder.secret).update(`facts ${name} `).update(body).digest();
  }
}

function nameOf(question: JsonValue): string {
  return sha256Hex(canonicalJson({ facts: question, tool: TOOL_VERSION, sources: TOOL_SOURCES }));
}
