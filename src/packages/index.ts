export type { Diagnostic } from './diagnostic.ts';
export { distroQualifier } from './distribution.ts';
export type { Distribution } from './distribution.ts';
export type {
  AlsoKnownAs,
  ContentHash,
  IdentityEvidence,
  LicenseClaim,
  Location,
  Package,
  PackageType,
  RecordedFile,
  Supplier,
  Technique,
} from './package.ts';
export { belowAnyRoot, OS_DATABASE_FOLDERS, osDatabaseOf } from './os-databases.ts';
export type { OsDatabase } from './os-databases.ts';
export { isInstalledByOs } from './os-package.ts';
export { asOtherName } from './other-name.ts';
export type { CatalogNote } from './note.ts';
export { comparePackages, packageKey, packagePurl } from './purl.ts';
export { classifyLicenseText } from './license-text.ts';
export { parseLicense } from './license.ts';
export type { ParsedLicense } from './license.ts';
export { compareVersions } from './version-order.ts';
