import { signingError } from '../errors.ts';
import { parseServiceUrl } from '../service/service-url.ts';
import type { ConfiguredService, ServiceSelector, SigningConfig } from './signing-config.ts';

/** One service to use. */
export interface Service {
  readonly url: URL;
  readonly apiVersion: number;
  /** Who runs it; services of one operator count once. */
  readonly operator: string;
}

/** Services of one kind, best first, each of another operator, and how many of them must have answered. */
export interface ServiceGroup {
  readonly candidates: readonly Service[];
  readonly needed: number;
}

/** What a run of signing uses. */
export interface SigningServices {
  /** Needed for keyless signing only. */
  readonly certificateAuthority?: Service;
  /** Where people sign in. */
  readonly identityIssuer?: string;
  readonly logs: ServiceGroup;
  readonly timestampAuthorities: ServiceGroup;
  /** Whether `operator` says who runs a service (a configuration does); else every service counts for itself. */
  readonly namesOperators?: boolean;
}

export const NO_SERVICES: ServiceGroup = { candidates: [], needed: 0 };

/** The versions of each kind's interface that are spoken here. */
const SPOKEN = { authority: [1], issuer: [1], log: [2, 1], timestamp: [1] } as const;

/**
 * Chooses services from a signing configuration: those valid now whose interface is spoken here, the highest version and then the newest start first, one
 * for each operator.
 * @throws AppError SIGNING_CONFIG_UNSATISFIED, SIGNING_URL_INVALID
 */
export function servicesFromConfig(config: SigningConfig, now: Date): SigningServices {
  const [authority] = ranked(config.certificateAuthorities, SPOKEN.authority, now);
  const [issuer] = ranked(config.identityIssuers, SPOKEN.issuer, now);
  const logs = ranked(config.logs, SPOKEN.log, now);
  const stamps = ranked(config.timestampAuthorities, SPOKEN.timestamp, now);
  return {
    ...(authority === undefined ? {} : { certificateAuthority: toService(authority, 'the certificate authority') }),
    ...(issuer === undefined
      ? {}
      : { identityIssuer: parseServiceUrl(issuer.url, 'the issuer of identities').href.replace(/\/$/, '') }),
    logs: group(logs, config.logSelector, 'transparency log'),
    timestampAuthorities: group(stamps, config.timestampSelector, 'timestamp authority'),
    namesOperators: true,
  };
}

/** Single services, by flags. */
export interface ServiceUrls {
  readonly certificateAuthority?: string;
  readonly identityIssuer?: string;
  readonly logs?: readonly { readonly url: string; readonly apiVersion: 1 | 2 }[];
  /** The whole URL that requests are posted to. */
  readonly timestampAuthorities?: readonly string[];
}

/**
 * Services by URL: all of them are used.
 * @throws AppError SIGNING_URL_INVALID
 */
export function servicesFromUrls(urls: ServiceUrls): SigningServices {
  const { certificateAuthority, identityIssuer, logs = [], timestampAuthorities = [] } = urls;
  const service = (url: string, apiVersion: number, what: string): Service =>
    toService({ url, apiVersion, operator: url }, what);
  const all = (candidates: readonly Service[]): ServiceGroup => ({ candidates, needed: candidates.length });
  return {
    ...(certificateAuthority === undefined
      ? {}
      : { certificateAuthority: service(certificateAuthority, 1, 'the certificate authority') }),
    ...(identityIssuer === undefined ? {} : { identityIssuer }),
    logs: all(logs.map(({ url, apiVersion }) => service(url, apiVersion, 'the transparency log'))),
    timestampAuthorities: all(timestampAuthorities.map((url) => service(url, 1, 'the timestamp authority'))),
  };
}

/**
 * The certificate authority of keyless signing.
 * @throws AppError SIGNING_CONFIG_UNSATISFIED
 */
export function requireAuthority(services: SigningServices): URL {
  if (services.certificateAuthority !== undefined) return services.certificateAuthority.url;
  throw signingError('SIGNING_CONFIG_UNSATISFIED', 'no certificate authority can be used now', {
    hint: 'give --fulcio-url, a --signing-config that names one, or a --key to sign with',
  });
}

function ranked(
  services: readonly ConfiguredService[],
  spoken: readonly number[],
  now: Date,
): readonly ConfiguredService[] {
  const usable = services.filter(
    ({ apiVersion, start, end }) => spoken.includes(apiVersion) && start <= now && (end === undefined || now <= end),
  );
  const sorted = usable.toSorted((a, b) => b.apiVersion - a.apiVersion || b.start.getTime() - a.start.getTime());
  const operators = new Set<string>();
  return sorted.filter(({ operator }) => !operators.has(operator) && operators.add(operator));
}

function group(
  services: readonly ConfiguredService[],
  selector: ServiceSelector | undefined,
  what: string,
): ServiceGroup {
  if (selector === undefined) return NO_SERVICES;
  const needed = selector.kind === 'all' ? Math.max(1, services.length) : selector.kind === 'any' ? 1 : selector.count;
  if (services.length < needed) {
    throw signingError(
      'SIGNING_CONFIG_UNSATISFIED',
      `the signing configuration asks for ${needed} ${what} of ${needed === 1 ? 'any operator' : 'different operators'}; ${services.length} can be used now`,
      { hint: 'services count once for each operator, within their times, and only in versions that are spoken here' },
    );
  }
  return { candidates: services.map((service) => toService(service, `the ${what}`)), needed };
}

function toService(
  service: { readonly url: string; readonly apiVersion: number; readonly operator: string },
  what: string,
): Service {
  const plainHttp = what.endsWith('timestamp authority');
  return {
    url: parseServiceUrl(service.url, what, { plainHttp }),
    apiVersion: service.apiVersion,
    operator: service.operator,
  };
}
