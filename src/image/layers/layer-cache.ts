import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, sha256Hex, TOOL_VERSION, type JsonValue } from '../../core/index.ts';
import type { CapturePlan } from '../../filesystem/index.ts';
import type { LayerDescriptor } from '../image.ts';
import { encodeEntry, TOUCH_OFFSET, tryDecodeEntry, type FileFacts } from './cache-entry.ts';
import { CacheFolder, type EntryShape } from './cache-folder.ts';
import type { LayerLimits, LayerResult } from './layer-job.ts';

/** Raised whenever the same layer would give other records or captured bytes. */
const PARSER_VERSION = 8;

const MAX_CACHE_BYTES = 2 * 1024 * 1024 * 1024;
const SHAPE: EntryShape = { maxBytes: MAX_CACHE_BYTES, touchOffset: TOUCH_OFFSET };
/** Eviction goes down to this part, so that it is not needed again at once. */
const KEPT_PART = 0.9;
/** A file changed so shortly before its bytes were hashed could change again without its times telling. */
const SETTLED_NS = 2_000_000_000n;

/** A layer read before. */
export interface CachedLayer {
  readonly result: LayerResult;
  /** The file whose bytes were hashed, as it was then. */
  readonly facts: FileFacts | undefined;
}

/**
 * Results of layers read before, by digest, diffID, plan, limits and parser version. An entry that is damaged, not authentic or of another key is
 * not there. The cache never fails: without it, or when a write fails, layers are read.
 */
export class LayerCache {
  readonly #folder: CacheFolder;
  readonly #planKey: string;

  private constructor(folder: CacheFolder, planKey: string) {
    this.#folder = folder;
    this.#planKey = planKey;
  }

  /** @returns undefined when the directory cannot be used */
  static async open(cacheDir: string, plan: CapturePlan, limits: LayerLimits): Promise<LayerCache | undefined> {
    const folder = await CacheFolder.open(cacheDir);
    const what = { plan, limits, parser: PARSER_VERSION, tool: TOOL_VERSION } as unknown as JsonValue;
    return folder && new LayerCache(folder, canonicalJson(what));
  }

  #key(layer: LayerDescriptor): string {
    const { digest, mediaType, sizeBytes } = layer.descriptor;
    return sha256Hex(canonicalJson({ digest, diffId: layer.diffId, mediaType, sizeBytes, of: this.#planKey }));
  }

  async find(layer: LayerDescriptor): Promise<CachedLayer | undefined> {
    const key = this.#key(layer);
    return this.#folder.find(key, SHAPE, (buffer) => tryDecodeEntry(buffer, key, this.#folder.secret));
  }

  /** @param facts the file that was hashed, as it was both before and after */
  async store(layer: LayerDescriptor, result: LayerResult, facts: FileFacts | undefined): Promise<void> {
    const key = this.#key(layer);
    await this.#folder.store(key, async (handle) => {
      const now = (await handle.stat({ bigint: true })).mtimeNs;
      const settled = facts && now - BigInt(facts.changedNs) > SETTLED_NS ? facts : undefined;
      await handle.writev(encodeEntry({ key, facts: settled, result }, this.#folder.secret));
    });
  }

  /** Removes what was not used for longest while the cache is too large. */
  async evict(maxBytes: number = MAX_CACHE_BYTES): Promise<void> {
    try {
      const names = await readdir(this.#folder.directory);
      const files = await Promise.all(
        names.map(async (name) => {
          const stats = await stat(join(this.#folder.directory, name)).catch(() => undefined);
          return { name, bytes: stats?.size ?? 0, usedMs: stats?.mtimeMs ?? 0 };
        }),
      );
      let total = files.reduce((sum, file) => sum + file.bytes, 0);
      if (total <= maxBytes) return;
      for (const file of files.toSorted((a, b) => a.usedMs - b.usedMs)) {
        if (total <= maxBytes * KEPT_PART) return;
        await rm(join(this.#folder.directory, file.name), { force: true });
        total -= file.bytes;
      }
    } catch {
      // a cache that cannot be tidied is still a cache
    }
  }
}
