import type { MailHeaders } from '../../formats/index.ts';
import { classifyLicenseText, type LicenseClaim } from '../../packages/index.ts';
import { asText, publicUrl } from './json-fields.ts';

/** What a METADATA or PKG-INFO file says that a catalog can use. */
export interface PythonMetadata {
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly licenses: readonly LicenseClaim[];
  /** As `License-File` has them. At most 16. */
  readonly licenseFiles: readonly string[];
  readonly author: string | undefined;
  readonly description: string | undefined;
  readonly homepage: string | undefined;
  readonly sourceUrl: string | undefined;
  readonly requirements: readonly string[];
}

/** @see https://packaging.python.org/en/latest/specifications/core-metadata/ */
export function readPythonMetadata(headers: MailHeaders): PythonMetadata {
  const urls = projectUrls(headers);
  return {
    name: asText(headers.get('name')?.[0]),
    version: asText(headers.get('version')?.[0]),
    licenses: licensesOf(headers),
    licenseFiles: (headers.get('license-file') ?? []).slice(0, 16),
    author: personOf(headers, 'author') ?? personOf(headers, 'maintainer'),
    description: known(headers, 'summary'),
    homepage: publicUrl(known(headers, 'home-page')) ?? urls.get('homepage') ?? urls.get('home'),
    sourceUrl:
      urls.get('source') ?? urls.get('sourcecode') ?? urls.get('repository') ?? urls.get('code') ?? urls.get('github'),
    requirements: headers.get('requires-dist') ?? [],
  };
}

/** The form in which names are compared. @see https://packaging.python.org/en/latest/specifications/name-normalization/ */
export function normalizePythonName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** A field's first value; `UNKNOWN` is what old tools wrote for none. */
function known(headers: MailHeaders, field: string): string | undefined {
  const text = asText(headers.get(field)?.[0]);
  return text === 'UNKNOWN' ? undefined : text;
}

function personOf(headers: MailHeaders, field: string): string | undefined {
  const name = known(headers, field);
  const email = known(headers, `${field}-email`);
  if (name === undefined || email === undefined) return name ?? email;
  return email.includes('<') ? email : `${name} <${email}>`;
}

function projectUrls(headers: MailHeaders): ReadonlyMap<string, string> {
  const urls = new Map<string, string>();
  for (const value of headers.get('project-url') ?? []) {
    const comma = value.indexOf(',');
    const key = value
      .slice(0, Math.max(0, comma))
      .toLowerCase()
      .replace(/[^a-z]/g, '');
    const url = publicUrl(asText(value.slice(comma + 1)));
    if (url !== undefined && !urls.has(key)) urls.set(key, url);
  }
  return urls;
}

/** `License-Expression`, else a short `License`, else what a licence's whole text certainly is, else the classifiers, else the first line of such a text. */
function licensesOf(headers: MailHeaders): readonly LicenseClaim[] {
  const expression = known(headers, 'license-expression');
  if (expression !== undefined) return [{ value: expression }];
  const license = headers.get('license')?.[0]?.trim() ?? '';
  const isText = license.length > 200 || license.includes('\n');
  if (license !== '' && license !== 'UNKNOWN' && !isText) return [{ value: license }];
  const certain = isText ? classifyLicenseText(license) : undefined;
  if (certain !== undefined) return [{ value: certain }];
  const classified = classifierLicenses(headers.get('classifier') ?? []);
  if (classified.length > 0) return classified;
  const firstLine = license.slice(0, 4096).split('\n', 1)[0]?.trim() ?? '';
  return isText && firstLine !== '' && firstLine.length <= 200 && !/^\W*(?:copyright|\(c\)|©)/i.test(firstLine)
    ? [{ value: firstLine }]
    : [];
}

function classifierLicenses(classifiers: readonly string[]): readonly LicenseClaim[] {
  const values = new Set<string>();
  for (const classifier of classifiers) {
    const parts = classifier.split('::', 8).map((part) => part.trim());
    const last = parts.at(-1);
    // "OSI Approved" alone names no licence
    if (parts[0] !== 'License' || last === undefined || last === '' || last === 'OSI Approved' || parts.length < 2)
      continue;
    values.add(CLASSIFIER_IDS[last] ?? last);
  }
  return [...values].map((value) => ({ value }));
}

/** Classifiers that mean exactly one SPDX licence; those that do not (`BSD License`, `Apache Software License`) stay names. */
const CLASSIFIER_IDS: Readonly<Record<string, string>> = {
  __proto__: null as never,
  'MIT License': 'MIT',
  'MIT No Attribution License (MIT-0)': 'MIT-0',
  'ISC License (ISCL)': 'ISC',
  'The Unlicense (Unlicense)': 'Unlicense',
  'zlib/libpng License': 'Zlib',
  'Mozilla Public License 1.1 (MPL 1.1)': 'MPL-1.1',
  'Mozilla Public License 2.0 (MPL 2.0)': 'MPL-2.0',
  'Boost Software License 1.0 (BSL-1.0)': 'BSL-1.0',
  'Eclipse Public License 2.0 (EPL-2.0)': 'EPL-2.0',
  'Universal Permissive License (UPL)': 'UPL-1.0',
  'CC0 1.0 Universal (CC0 1.0) Public Domain Dedication': 'CC0-1.0',
  'European Union Public Licence 1.2 (EUPL 1.2)': 'EUPL-1.2',
  'GNU General Public License v2 (GPLv2)': 'GPL-2.0-only',
  'GNU General Public License v2 or later (GPLv2+)': 'GPL-2.0-or-later',
  'GNU General Public License v3 (GPLv3)': 'GPL-3.0-only',
  'GNU General Public License v3 or later (GPLv3+)': 'GPL-3.0-or-later',
  'GNU Lesser General Public License v3 (LGPLv3)': 'LGPL-3.0-only',
  'GNU Lesser General Public License v3 or later (LGPLv3+)': 'LGPL-3.0-or-later',
  'GNU Affero General Public License v3': 'AGPL-3.0-only',
  'GNU Affero General Public License v3 or later (AGPLv3+)': 'AGPL-3.0-or-later',
};
