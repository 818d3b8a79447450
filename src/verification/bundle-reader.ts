import {
  parseBundle,
  parseStatement,
  type ParseBundleOptions,
  type ParsedBundle,
  type Statement,
} from '../attestation/index.ts';

/** Parses bundles and the statements in them. */
export interface BundleReader {
  /** @throws AppError as `parseBundle` */
  bundle(bytes: Uint8Array, options: ParseBundleOptions): ParsedBundle;
  /** @throws AppError as `parseStatement` */
  statement(payload: Uint8Array): Statement;
}

/** Parses each time. */
export const PLAIN_READER: BundleReader = { bundle: parseBundle, statement: parseStatement };

/**
 * Parses the same bytes once: for whoever checks a bundle several times, or has looked into it before. The caller does not change the bytes meanwhile. What is
 * refused is parsed again.
 */
export function rememberingReader(): BundleReader {
  const bundles = new WeakMap<Uint8Array, Map<string, ParsedBundle>>();
  const statements = new WeakMap<Uint8Array, Statement>();
  return {
    bundle(bytes, options) {
      const key = JSON.stringify([options.maxBytes, options.minVersion, options.maxLogEntries]);
      const known = bundles.get(bytes) ?? new Map<string, ParsedBundle>();
      const bundle = known.get(key) ?? parseBundle(bytes, options);
      bundles.set(bytes, known.set(key, bundle));
      return bundle;
    },
    statement(payload) {
      const statement = statements.get(payload) ?? parseStatement(payload);
      statements.set(payload, statement);
      return statement;
    },
  };
}
