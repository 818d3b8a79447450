export { TAR_ERRORS, tarError } from './tar/errors.ts';
export { decodeName, encodeName } from './tar/name.ts';
export { createTar, tarEnd, tarHeader, tarPadding } from './tar/writer.ts';
export type { TarEntryHeader, TarEntryType, TarInput } from './tar/writer.ts';
