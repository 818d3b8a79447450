import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, sha256Hex, TOOL_SOURCES, TOOL_VERSION, type JsonValue } from '../../core/index.ts';
import { cacheSecret } from './cache-secret.ts';

/** What is read of one entry. */
const MAX_ENTRY_BYTES = 64 * 1024 * 1024;
/** The first byte says nothing: it is written on each use, so that the modification time tells the last one. */
const UNTOUCHED = new Uint8Array(1);
const BODY_OFFSET = 1 + 32;

/**
 * What was computed from layers that were read and verified, kept beside them in the layer cache: entries are authenticated with the same key, and go when
 * the folder grows too large. One that is damaged, not authentic or of another question is not there. Never fails.
 *
 * An entry: a zero; HMAC-SHA256 of the entry's name and of all that follows; the answer as JSON.
 */
export class FactsCache {
  readonly #directory: string;
  readonly #secret: Uint8Array;

  private constructor(directory: string, secret: Uint8Array) {
    this.#directory = directory;
    this.#secret = secret;
  }

  /** @returns undefined when the folder cannot be used */
  static async open(cacheDir: string): Promise<FactsCache | undefined> {
    const directory = join(cacheDir, 'layers');
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
    } catch {
      return undefined;
    }
    const secret = await cacheSecret(cacheDir);
    return secret && new FactsCache(directory, secret);
  }

  /** @param question everything that the answer depends on, but waybill's own code, whose version and digest are part of the name */
  async find(question: JsonValue): Promise<JsonValue | undefined> {
    const name = nameOf(question);
    const path = join(this.#directory, name);
    try {
      const handle = await open(path, 'r+');
      try {
        if ((await handle.stat()).size > MAX_ENTRY_BYTES) return undefined;
        const entry = await handle.readFile();
        const body = entry.subarray(BODY_OFFSET);
        if (entry.length < BODY_OFFSET || !timingSafeEqual(this.#mac(name, body), entry.subarray(1, BODY_OFFSET)))
          return undefined;
        await handle.write(UNTOUCHED, 0, 1, 0);
        // from here on the bytes are our own
        return JSON.parse(body.toString('utf8')) as JsonValue;
      } finally {
        await handle.close();
      }
    } catch {
      return undefined;
    }
  }

  async store(question: JsonValue, answer: JsonValue): Promise<void> {
    const name = nameOf(question);
    const body = Buffer.from(JSON.stringify(answer));
    if (BODY_OFFSET + body.length > MAX_ENTRY_BYTES) return;
    const temporary = join(this.#directory, `.${name}.${randomUUID()}.tmp`);
    try {
      await writeFile(temporary, Buffer.concat([UNTOUCHED, this.#mac(name, body), body]), { flag: 'wx', mode: 0o600 });
      await rename(temporary, join(this.#directory, name));
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  #mac(name: string, body: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret).update(`facts ${name} `).update(body).digest();
  }
}

function nameOf(question: JsonValue): string {
  return sha256Hex(canonicalJson({ facts: question, tool: TOOL_VERSION, sources: TOOL_SOURCES }));
}
