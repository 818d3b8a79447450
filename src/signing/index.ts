export { SIGNING_ERRORS } from './errors.ts';
export { signBundle } from './sign-bundle.ts';
export type { SignBundleOptions } from './sign-bundle.ts';
