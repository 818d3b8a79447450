import { isDigest, LIMITS, parseStrictJson, type Digest } from '../core/index.ts';
import { platformOf } from './descriptor.ts';
import type { HistoryEntry, ImageConfig } from './image.ts';
import {
  asObject,
  fieldError,
  listField,
  refuseCaseVariants,
  setField,
  textField,
  textListField,
  textMapField,
  type FieldContext,
  type JsonObject,
} from './json-fields.ts';

const CONTEXT: FieldContext = { what: 'image configuration', code: 'CONFIG_INVALID' };
const CONFIG_KEYS = ['os', 'architecture', 'variant', 'os.version', 'created', 'author', 'config', 'rootfs', 'history'];
const RUN_KEYS = ['User', 'Env', 'Entrypoint', 'Cmd', 'Labels', 'WorkingDir', 'Volumes', 'ExposedPorts', 'Healthcheck'];
const MAX_HISTORY = 4096;

/**
 * Parses an image configuration. Hostile input: capped, strict JSON. Pure.
 * @throws AppError LIMIT_EXCEEDED, JSON_INVALID, CONFIG_INVALID (also for malformed diffIDs), MANIFEST_AMBIGUOUS
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  const object = asObject(parseStrictJson(bytes, 'the image configuration', { maxBytes: LIMITS.configBytes }), CONTEXT);
  refuseCaseVariants(object, CONFIG_KEYS, CONTEXT);
  const { config } = object;
  const run = config === undefined || config === null ? {} : asObject(config, CONTEXT);
  refuseCaseVariants(run, RUN_KEYS, CONTEXT);
  const created = textField(object, 'created', CONTEXT);
  const author = textField(object, 'author', CONTEXT);
  const user = textField(run, 'User', CONTEXT);
  const entrypoint = commandField(run, 'Entrypoint');
  const cmd = commandField(run, 'Cmd');
  const workingDirectory = textField(run, 'WorkingDir', CONTEXT);
  const healthcheck = healthcheckField(run);
  return {
    ...platformOf(object, CONTEXT),
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    diffIds: parseDiffIds(object),
    history: parseHistory(object),
    ...(user === undefined ? {} : { user }),
    env: textListField(run, 'Env', CONTEXT),
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(cmd === undefined ? {} : { cmd }),
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    labels: textMapField(run, 'Labels', CONTEXT),
    volumes: setField(run, 'Volumes', CONTEXT),
    exposedPorts: setField(run, 'ExposedPorts', CONTEXT),
    ...(healthcheck === undefined ? {} : { healthcheck }),
  };
}

/** What the health check runs; nothing when only intervals are set. @see https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md */
function healthcheckField(run: JsonObject): readonly string[] | undefined {
  const value = run['Healthcheck'];
  if (value === undefined || value === null) return undefined;
  const context: FieldContext = { ...CONTEXT, what: 'image configuration: Healthcheck' };
  const check = asObject(value, context);
  refuseCaseVariants(check, ['Test'], context);
  return commandField(check, 'Test');
}

/** A list of arguments, or one text as very old builders wrote it. */
function commandField(run: JsonObject, key: string): readonly string[] | undefined {
  const value = run[key];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? [value] : textListField(run, key, CONTEXT);
}

function parseDiffIds(object: JsonObject): readonly Digest[] {
  const rootfs = asObject(object['rootfs'], { ...CONTEXT, what: 'image configuration: rootfs' });
  refuseCaseVariants(rootfs, ['type', 'diff_ids'], CONTEXT);
  if (rootfs['type'] !== 'layers') throw fieldError(CONTEXT, 'rootfs.type is not "layers"');
  return listField(rootfs, 'diff_ids', CONTEXT).map((diffId, index) => {
    if (!isDigest(diffId)) throw fieldError(CONTEXT, `diffID ${index} is not a sha256 or sha512 digest`);
    return diffId;
  });
}

function parseHistory(object: JsonObject): readonly HistoryEntry[] {
  const entries = listField(object, 'history', CONTEXT);
  if (entries.length > MAX_HISTORY)
    throw fieldError(CONTEXT, `${entries.length} history entries, more than the ${MAX_HISTORY} allowed`);
  return entries.map((value) => {
    const entry = asObject(value, { ...CONTEXT, what: 'image configuration: history' });
    const created = textField(entry, 'created', CONTEXT);
    const createdBy = textField(entry, 'created_by', CONTEXT);
    const comment = textField(entry, 'comment', CONTEXT);
    const author = textField(entry, 'author', CONTEXT);
    return {
      ...(created === undefined ? {} : { created }),
      ...(createdBy === undefined ? {} : { createdBy }),
      ...(comment === undefined ? {} : { comment }),
      ...(author === undefined ? {} : { author }),
      emptyLayer: entry['empty_layer'] === true,
    };
  });
}
