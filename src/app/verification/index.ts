// What commands that only verify load: the rest of the use cases, policies and catalogers among them, would double their start.
export { verifyBlob, verifyBlobExitCode } from './verify-blob.ts';
export { verifyExitCode, verifyImage } from './verify-image.ts';
