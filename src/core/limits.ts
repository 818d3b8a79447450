const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/** Default caps on hostile input. Each that a user may need to raise has a flag; the rest are far above anything seen in practice. */
export const LIMITS = {
  /** One manifest or index (what registries accept is 4 MiB). */
  manifestBytes: 4 * MiB,
  /** One image configuration. */
  configBytes: 16 * MiB,
  /** Layers of one image. */
  layers: 512,
  /** Descriptors of one index. */
  indexEntries: 1024,
  /** Uncompressed bytes of one layer (`--max-layer-bytes`). */
  layerBytes: 32 * GiB,
  /**
   * Uncompressed over compressed size. Layers of programs and text stay below 10, logs below 50; files of zeros reach 1030 with gzip and 30,000 with zstd.
   * What the layers of an image unpack to beyond this is bounded by `expansionExcessBytes`, all of them together (`--max-layer-bytes` lifts that).
   */
  expansionRatio: 100,
  /** Files of zeros and the like that an honest image may hold. */
  expansionExcessBytes: 4 * GiB,
  /** Entries of one layer. */
  layerEntries: 5_000_000,
  /** One path, in bytes. */
  pathBytes: 4096,
  /** Links followed while resolving one path. */
  linkHops: 64,
  /** One captured file unless its rule says otherwise. */
  captureBytes: 64 * MiB,
  /** All captured bytes of one image. */
  capturedBytesTotal: 1 * GiB,
  /** Entries and pages of a referrers listing. */
  referrers: 1000,
  referrerPages: 50,
  /** One Sigstore bundle. */
  bundleBytes: 16 * MiB,
  /** A policy file and each file it refers to. */
  policyBytes: 4 * MiB,
  /** A base lock. */
  lockBytes: 256 * MiB,
  /** Key files. */
  keyBytes: 64 * KiB,
} as const;
