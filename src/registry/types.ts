import type { Digest, Runtime } from '../core/index.ts';
import type {
  BlobSource,
  Descriptor,
  ImageStore,
  RawManifest,
  ReferrerRemoval,
  ReferrerStore,
  RegistryReference,
} from '../image/index.ts';
import type { FetchFunction, HttpClient, RetrySettings, Sleep, Timeouts } from '../net/index.ts';

export interface RegistryOptions {
  readonly runtime: Pick<Runtime, 'env' | 'now' | 'randomBytes' | 'signal'>;
  /** Hosts (`host[:port]`) that may be spoken to in plain HTTP when they do not speak TLS. Loopback always may. */
  readonly insecureRegistries?: readonly string[];
  /** PEM file of certificate authorities trusted beside the usual ones. */
  readonly caFile?: string;
  /** How users name that file: told when a certificate is not trusted. */
  readonly caFlag?: string;
  /** Credentials file in place of the usual ones. */
  readonly authFile?: string;
  /** Token servers that credentials may go to: `https://auth.example.com[/path]` or a host. */
  readonly allowedRealms?: readonly string[];
  /** Repository that referrers are kept in, if not the image's own (`COSIGN_REPOSITORY`). */
  readonly referrersRepository?: RegistryReference;
  /** Most referrers of one digest; LIMITS.referrers unless told. More of them is an error. */
  readonly maxReferrers?: number;
  /** Connections that several stores share; whoever made it closes it. What these options say about connections is its own affair then. */
  readonly client?: HttpClient;
  readonly offline?: boolean;
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<RetrySettings>;
  readonly upload?: Partial<UploadSettings>;
  /** In place of real waiting, for tests. */
  readonly sleep?: Sleep;
  /** In place of node-fetch. */
  readonly fetch?: FetchFunction;
}

export interface UploadSettings {
  /** Blobs larger than this go up in chunks; 256 MiB. */
  readonly chunkedAboveBytes: number;
  /** Size of one chunk; 32 MiB. */
  readonly chunkBytes: number;
}

/** What is uploaded: bytes and files can be sent again after a broken connection, streams cannot. */
export type UploadSource = { readonly kind: 'bytes'; readonly bytes: Uint8Array } | BlobSource;

/** A referrer to be stored, and how to list it. */
export interface NewReferrer {
  readonly manifest: RawManifest;
  readonly descriptor: Descriptor;
}

/** One repository of a registry. */
export interface RegistryStore extends ImageStore, ReferrerStore {
  /**
   * What a tag or digest leads to, as stated by the registry's headers; undefined for 404 alone.
   * @throws AppError DIGEST_MISMATCH, and the registry's
   */
  headManifest(reference: Digest | string, signal: AbortSignal): Promise<Descriptor | undefined>;
  /** Stores many referrers of one subject and makes all of them findable; what `writeManifest` does for one. */
  writeReferrers(subject: Digest, referrers: readonly NewReferrer[], signal: AbortSignal): Promise<void>;
  removeReferrers(subject: Digest, removal: ReferrerRemoval, signal: AbortSignal): Promise<void>;
  hasBlob(digest: Digest, signal: AbortSignal): Promise<boolean>;
  /** Lets this repository have a blob of another one of the same registry; false when the registry does not do it. */
  mountBlob(digest: Digest, fromRepository: string, signal: AbortSignal): Promise<boolean>;
  /**
   * Uploads a blob unless it is there. The bytes are hashed on their way.
   * @throws AppError DIGEST_MISMATCH, BLOB_SIZE_MISMATCH, REGISTRY_REJECTED, and the registry's
   */
  uploadBlob(source: UploadSource, descriptor: Descriptor, signal: AbortSignal): Promise<void>;
  /** Stores a manifest by digest or under a tag, and nothing else. */
  putManifest(manifest: RawManifest, tag: string | undefined, signal: AbortSignal): Promise<void>;
}
