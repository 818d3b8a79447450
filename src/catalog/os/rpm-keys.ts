import type { CatalogNote } from '../../packages/index.ts';
import type { RpmRecord } from './rpm-record.ts';

/** A signing key that `rpm --import` put into the database: no package, and nothing on disk. */
export function isSigningKey(record: RpmRecord): boolean {
  return (
    record.name === 'gpg-pubkey' &&
    record.architecture === undefined &&
    record.sourceRpm === undefined &&
    (record.listed ?? []).length === 0
  );
}

/**
 * Tells of a key that packages are trusted by: its longest name in hex (the last eight digits, or more, of the fingerprint), its user, its creation. What the
 * record does not have, or not in a form that can be one, is left out.
 * @param path of the database, absolute
 */
export function rpmKeyNote(record: RpmRecord, path: string): CatalogNote {
  const [short = '', created = ''] = record.version?.split('-') ?? [];
  const provided = record.provides.flatMap((name) => /^gpg\(([0-9a-f]{8,64})\)$/i.exec(name)?.[1] ?? []);
  const [keyId] = [short, ...provided]
    .filter((name) => /^[0-9a-f]{8,64}$/i.test(name))
    .map((name) => name.toLowerCase())
    .toSorted((a, b) => b.length - a.length);
  const userId = userOf(record.summary);
  const seconds = /^[0-9a-f]{8}$/i.test(created) ? Number.parseInt(created, 16) : undefined;
  return {
    kind: 'trust',
    code: 'rpm-public-key',
    message: `rpm trusts packages signed by ${userId ?? 'an unknown user'}${keyId === undefined ? '' : `, key ${keyId}`}`,
    path,
    source: 'rpm',
    facts: {
      ...(keyId === undefined ? {} : { keyId }),
      ...(userId === undefined ? {} : { userId }),
      ...(seconds === undefined ? {} : { created: new Date(seconds * 1000).toISOString() }),
    },
  };
}

/** `gpg(User <mail>)`; newer `User <mail> public key`. */
function userOf(summary: string | undefined): string | undefined {
  const text = summary?.trim().slice(0, 512) ?? '';
  const user = (/^gpg\((.*)\)$/s.exec(text)?.[1] ?? text).replace(/ public key$/, '').trim();
  return user === '' ? undefined : user;
}
