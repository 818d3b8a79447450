declare module 'spdx-expression-parse' {
  interface SimpleLicense {
    readonly license: string;
    readonly plus?: true;
    readonly exception?: string;
  }
  interface CompoundLicense {
    readonly left: LicenseNode;
    readonly conjunction: 'and' | 'or';
    readonly right: LicenseNode;
  }
  type LicenseNode = SimpleLicense | CompoundLicense;
  /** @throws Error when the text is no expression over the known identifiers. */
  export default function parse(source: string): LicenseNode;
}
