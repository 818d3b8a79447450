export { signBundle } from './sign-bundle.ts';
export type { SignBundleOptions } from './sign-bundle.ts';
