import { isAppError, parseStrictJson, type JsonValue } from '../../core/index.ts';
import { signingError } from '../errors.ts';
import { asObject, memberOf, textOf, type JsonObject } from '../service/json-members.ts';

export const SIGNING_CONFIG_MEDIA_TYPE = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';

/** One service and when it may be used. */
export interface ConfiguredService {
  readonly url: string;
  readonly apiVersion: number;
  readonly start: Date;
  /** Inclusive; left out, there is no end. */
  readonly end?: Date;
  readonly operator: string;
}

/** How many services are to be used: every operator's, any one, or a number of them. */
export type ServiceSelector =
  | { readonly kind: 'all' }
  | { readonly kind: 'any' }
  | { readonly kind: 'exact'; readonly count: number };

/** A signing configuration v0.2: the services that signers may need. */
export interface SigningConfig {
  readonly certificateAuthorities: readonly ConfiguredService[];
  readonly identityIssuers: readonly ConfiguredService[];
  readonly logs: readonly ConfiguredService[];
  readonly logSelector?: ServiceSelector;
  readonly timestampAuthorities: readonly ConfiguredService[];
  readonly timestampSelector?: ServiceSelector;
}

const MAX_CONFIG_BYTES = 256 * 1024;
const MAX_SERVICES = 64;
const MAX_TEXT_CHARS = 2048;
const MEMBERS = ['mediaType', 'caUrls', 'oidcUrls', 'rekorTlogUrls', 'rekorTlogConfig', 'tsaUrls', 'tsaConfig'];
const SERVICE_MEMBERS = ['url', 'majorApiVersion', 'validFor', 'operator'];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/**
 * Parses a signing configuration, strictly: version 0.2 only, known members only, every service with a start and an operator.
 * @throws AppError SIGNING_CONFIG_INVALID
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto
 */
export function parseSigningConfig(bytes: Uint8Array): SigningConfig {
  const config = parseTop(bytes);
  const mediaType = memberOf(config, 'mediaType');
  if (mediaType !== SIGNING_CONFIG_MEDIA_TYPE) {
    throw invalid(`its mediaType is ${JSON.stringify(mediaType ?? null).slice(0, 120)}, not that of version 0.2`);
  }
  onlyKnown(config, MEMBERS, 'it');
  const logs = servicesIn(config, 'rekorTlogUrls');
  const timestampAuthorities = servicesIn(config, 'tsaUrls');
  const logSelector = selectorIn(config, 'rekorTlogConfig', logs.length > 0);
  const timestampSelector = selectorIn(config, 'tsaConfig', timestampAuthorities.length > 0);
  return {
    certificateAuthorities: servicesIn(config, 'caUrls'),
    identityIssuers: servicesIn(config, 'oidcUrls'),
    logs,
    timestampAuthorities,
    ...(logSelector === undefined ? {} : { logSelector }),
    ...(timestampSelector === undefined ? {} : { timestampSelector }),
  };
}

function parseTop(bytes: Uint8Array): JsonObject {
  let json: JsonValue;
  try {
    json = parseStrictJson(bytes, 'the signing configuration', { maxBytes: MAX_CONFIG_BYTES, maxDepth: 8 });
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    throw signingError('SIGNING_CONFIG_INVALID', cause.message, { cause });
  }
  const object = asObject(json);
  if (object === undefined) throw invalid('it is not a JSON object');
  return object;
}

function servicesIn(config: JsonObject, name: string): readonly ConfiguredService[] {
  const value = memberOf(config, name) ?? [];
  if (!Array.isArray(value)) throw invalid(`${name} is not a list`);
  if (value.length > MAX_SERVICES) throw invalid(`${name} has ${value.length} services, more than ${MAX_SERVICES}`);
  return (value as readonly JsonValue[]).map((entry, index) => parseService(entry, `${name}[${index}]`));
}

function parseService(value: JsonValue, where: string): ConfiguredService {
  const service = asObject(value);
  if (service === undefined) throw invalid(`${where} is not an object`);
  onlyKnown(service, SERVICE_MEMBERS, where);
  const url = textOf(memberOf(service, 'url'));
  const operator = textOf(memberOf(service, 'operator'));
  const apiVersion = memberOf(service, 'majorApiVersion');
  if (url === undefined || url.length > MAX_TEXT_CHARS) throw invalid(`${where} has no url`);
  if (operator === undefined || operator.length > MAX_TEXT_CHARS) throw invalid(`${where} has no operator`);
  if (typeof apiVersion !== 'number' || !Number.isSafeInteger(apiVersion) || apiVersion < 1)
    throw invalid(`${where} has no majorApiVersion`);
  const window = memberOf(service, 'validFor');
  onlyKnown(asObject(window) ?? {}, ['start', 'end'], `${where}.validFor`);
  const start = timeIn(window, 'start', where);
  if (start === undefined) throw invalid(`${where} does not say from when on it may be used`);
  const end = timeIn(window, 'end', where);
  return { url, apiVersion, operator, start, ...(end === undefined ? {} : { end }) };
}

function timeIn(window: JsonValue | undefined, name: string, where: string): Date | undefined {
  const value = memberOf(window, name);
  if (value === undefined) return undefined;
  const date = typeof value === 'string' && TIME.test(value) ? new Date(value) : undefined;
  if (date === undefined || Number.isNaN(date.getTime())) throw invalid(`${where}.validFor.${name} is not a time`);
  return date;
}

function selectorIn(config: JsonObject, name: string, needed: boolean): ServiceSelector | undefined {
  // without services there is nothing to choose from, whatever it says
  if (!needed) return undefined;
  const value = memberOf(config, name);
  if (value === undefined) throw invalid(`${name} is missing: it does not say how many of the services to use`);
  onlyKnown(asObject(value) ?? {}, ['selector', 'count'], name);
  const selector = memberOf(value, 'selector');
  const count = memberOf(value, 'count');
  if (selector === 'ALL') return { kind: 'all' };
  if (selector === 'ANY') return { kind: 'any' };
  if (selector !== 'EXACT') throw invalid(`${name} has the selector ${JSON.stringify(selector ?? null).slice(0, 60)}`);
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1 || count > MAX_SERVICES)
    throw invalid(`${name} says EXACT without a count`);
  return { kind: 'exact', count };
}

function onlyKnown(object: JsonObject, members: readonly string[], what: string): void {
  const unknown = Object.keys(object).find((name) => !members.includes(name));
  if (unknown !== undefined) throw invalid(`${what} has an unknown member ${JSON.stringify(unknown.slice(0, 80))}`);
}

function invalid(why: string): Error {
  return signingError('SIGNING_CONFIG_INVALID', `the signing configuration is not usable: ${why}`);
}
