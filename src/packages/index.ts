export type { Diagnostic } from './diagnostic.ts';
export { distroQualifier } from './distribution.ts';
export type { Distribution } from './distribution.ts';
export type { IdentityEvidence, LicenseClaim, Location, Package, PackageType, Supplier, Technique } from './package.ts';
export { comparePackages, packageKey, packagePurl } from './purl.ts';
export { parseLicense } from './license.ts';
export type { ParsedLicense } from './license.ts';
