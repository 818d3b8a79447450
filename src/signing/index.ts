export { SIGNING_ERRORS, signingError } from './errors.ts';
export { signBundle } from './sign-bundle.ts';
export type { SignBundleOptions } from './sign-bundle.ts';
