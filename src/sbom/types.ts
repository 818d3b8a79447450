import type { JsonValue } from '../core/index.ts';
import type { LedgerSummary } from '../ledger/index.ts';
import type {
  CatalogNote,
  ContentHash,
  Diagnostic,
  Distribution,
  IdentityEvidence,
  Location,
  Package,
  PackageType,
  ParsedLicense,
  Supplier,
} from '../packages/index.ts';

/** One layer of the image, bottom first. */
export interface SbomLayer {
  /** Digest of the stored (compressed) bytes. */
  readonly digest?: string;
  /** Digest of the uncompressed tar. */
  readonly diffId?: string;
  /** The command of the history entry that made it. */
  readonly createdBy?: string;
}

/** What the SBOM is about. Fields that are not known are left out. */
export interface SbomSubject {
  /** Canonical registry and repository, no tag or digest: `registry.example.com/shop/app`. */
  readonly name?: string;
  /** Digest of the platform manifest. */
  readonly digest?: string;
  readonly manifestMediaType?: string;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  /** RFC 3339, from the image's configuration. */
  readonly created?: string;
  readonly tags?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly layers: readonly SbomLayer[];
}

/** The base that an image was proved to stand on, and what of the image came with it. Not part of what re-derivation compares. */
export interface SbomBase {
  /** Canonical repository: `docker.io/library/debian`. */
  readonly image: string;
  /** Of its platform manifest or index, as the lock has it. */
  readonly digest: string;
  readonly layerCount: number;
  /** By package id. */
  readonly shares: ReadonlyMap<string, { readonly share: string; readonly from?: readonly string[] }>;
  /** Packages of the base that are gone. */
  readonly removed: readonly Package[];
}

/** What accounting for the image's files said. */
export interface SbomLedger {
  readonly summary: LedgerSummary;
  /** Whether the content of files was compared with what packages recorded. */
  readonly integrity: boolean;
  /** Of the ledger as a document of its own. */
  readonly document?: { readonly digest: string; readonly mediaType: string };
}

export interface SbomInput {
  readonly subject: SbomSubject;
  readonly distribution?: Distribution | undefined;
  /** With ids that are unique over all catalogers, and edges that name them. Any order. */
  readonly packages: readonly Package[];
  readonly diagnostics: readonly Diagnostic[];
  /** What catalogers found that is no package and no fault. */
  readonly notes?: readonly CatalogNote[];
  readonly tool: { readonly name: string; readonly version: string };
  readonly catalogers: readonly { readonly id: string; readonly version: number }[];
  readonly base?: SbomBase;
  readonly ledger?: SbomLedger;
  /** Whatever else decides about the content; part of the serial number. */
  readonly options?: JsonValue;
  /** `SOURCE_DATE_EPOCH`, in seconds. */
  readonly sourceDateEpoch?: number;
}

export interface SbomProperty {
  readonly name: string;
  readonly value: string;
}

export interface SbomComponent {
  /** Unique in the document: the purl when that is unique, else with `#` and a short hash. */
  readonly ref: string;
  readonly type: 'application' | 'container' | 'firmware' | 'framework' | 'library' | 'operating-system' | 'platform';
  /** npm scope, Maven group, Composer vendor. */
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly cpe?: string;
  /** Absent for the operating system. */
  readonly packageType?: PackageType;
  /** Layer that brought it, when that is not the one of the primary place. */
  readonly introducedLayer?: number;
  /** Id of the cataloger. */
  readonly foundBy?: string;
  readonly supplier?: Supplier;
  readonly author?: string;
  readonly description?: string;
  readonly scope?: 'required' | 'optional' | 'excluded';
  /** Declared licences, each once, sorted: either one expression, or identifiers and names. */
  readonly licenses: readonly ParsedLicense[];
  readonly externalReferences: readonly {
    readonly type: 'bom' | 'distribution' | 'vcs' | 'website';
    readonly url: string;
  }[];
  /** Of the file that is the component, as it lies in the image. */
  readonly hashes: readonly ContentHash[];
  /** Sorted by name, then value. */
  readonly properties: readonly SbomProperty[];
  readonly identity: readonly IdentityEvidence[];
  /** purls of findings that describe the same software, with who found them, where and how surely; sorted. */
  readonly alsoKnownAs: readonly SbomOtherName[];
  /** Where it was seen; the first is the primary place. */
  readonly occurrences: readonly Location[];
}

export interface SbomOtherName {
  readonly purl: string;
  readonly foundBy: string;
  readonly path: string;
  readonly technique?: IdentityEvidence['technique'];
  readonly confidence?: number;
}

/**
 * A format-neutral SBOM: everything is decided, sorted and cleaned (no character that XML could not hold); writers only spell it.
 */
export interface SbomDocument {
  /** `urn:uuid:` and a UUIDv5. */
  readonly serialNumber: string;
  /** RFC 3339 UTC with milliseconds; absent when neither SOURCE_DATE_EPOCH nor the image says one. */
  readonly timestamp?: string;
  readonly tool: { readonly name: string; readonly version: string };
  readonly root: SbomRoot;
  /** The operating system first, then packages by type, namespace, name, version. */
  readonly components: readonly SbomComponent[];
  /** Refs that each ref needs, sorted; the root first, every component has an entry. All are reachable from the root. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  /**
   * How complete the list is: what the ledger says; without one `incomplete` when something could not be read or identified, else `unknown` (files that nobody accounts
   * for may hold software).
   */
  readonly completeness: 'complete' | 'incomplete' | 'unknown';
  readonly catalogers: readonly { readonly id: string; readonly version: number }[];
  /** Of the document: cataloger versions, known unknowns. */
  readonly properties: readonly SbomProperty[];
  readonly knownUnknowns: readonly Diagnostic[];
  readonly notes: readonly CatalogNote[];
}

/** The image itself: `metadata.component`. */
export interface SbomRoot {
  readonly ref: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  /** SHA-256 of the platform manifest, hex. */
  readonly manifestSha256?: string;
  readonly properties: readonly SbomProperty[];
}
