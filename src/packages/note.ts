/** Something found that is no package and no fault: worth telling an auditor. */
export interface CatalogNote {
  /**
   * `known-unknown`: software that is there but cannot be identified (a packed executable, a jar without coordinates). `trust`: keys that the image
   * trusts. `discrepancy`: a document inside the image says otherwise than its files. `hidden`:
   * lower layers hold what the final file system does not show. `integrity`: a package's file is not as the package recorded it.
   */
  readonly kind: 'known-unknown' | 'trust' | 'discrepancy' | 'hidden' | 'integrity';
  /** Stable code in kebab case: `packed-executable`, `rpm-public-key`, `declared-not-found`. */
  readonly code: string;
  /** From hostile input: escape before showing. */
  readonly message: string;
  /** Absolute path in the image. */
  readonly path: string;
  /** Id of the cataloger. */
  readonly source: string;
  /** Facts for machines: key id, purl. */
  readonly facts?: Readonly<Record<string, string>>;
}
