export { inertJson, inertXml } from './active-text.ts';
export { isAbsurdlyNested } from './absurd-nesting.ts';
export { AppError, defineErrors, isAppError } from './app-error.ts';
export type { AppErrorOptions, ErrorFactory, ErrorTable } from './app-error.ts';
export { parseBoundedJson } from './bounded-json.ts';
export { canonicalJson, compareCodeUnits } from './canonical-json.ts';
export type { JsonValue } from './canonical-json.ts';
export {
  createDigester,
  digestAlgorithm,
  digestHex,
  digestMatches,
  isDigest,
  parseDigest,
  sha256Digest,
  sha256Hex,
} from './digest.ts';
export type { Digest, DigestAlgorithm, Digester } from './digest.ts';
export { coreError } from './errors.ts';
export { ExitCode } from './exit-code.ts';
export { discardWritten, readInputFile, readInputFileSync, writeFileAtomic, TemporaryDirectory } from './files.ts';
export { readHostileYaml, yamlScalar } from './hostile-yaml.ts';
export type { HostileYaml, YamlReader } from './hostile-yaml.ts';
export { compileGlob, globProblem, matchesAny } from './glob.ts';
export type { Glob } from './glob.ts';
export { LIMITS } from './limits.ts';
export { mapConcurrent } from './concurrency.ts';
export { splitOutput } from './output-target.ts';
export type { ProgressEvent, ProgressListener } from './progress.ts';
export { redactSecrets } from './redact.ts';
export { abortError, throwIfAborted } from './runtime.ts';
export type { Runtime } from './runtime.ts';
export { safeText } from './safe-text.ts';
export { runHelper } from './run-helper.ts';
export type { HelperRun } from './run-helper.ts';
export { suggest } from './suggest.ts';
export { parseStrictJson } from './strict-json.ts';
export { workerUrl } from './worker-url.ts';
export { TOOL_NAME, TOOL_SOURCES, TOOL_VERSION } from './version.ts';
