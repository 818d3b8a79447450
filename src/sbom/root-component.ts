import { cleanLine, cleanText } from './clean-text.ts';
import { sortProperties } from './properties.ts';
import type { SbomProperty, SbomRoot, SbomSubject } from './types.ts';

/** The image as a component. Its ref is the purl, else the digest, else `image`. */
export function rootComponent(subject: SbomSubject): SbomRoot {
  const purl = ociPurl(subject);
  const version = subject.tags?.[0] ?? subject.digest;
  const ref = purl ?? subject.digest ?? 'image';
  return {
    ref: cleanText(ref),
    name: cleanLine(subject.name ?? 'image'),
    ...(version === undefined ? {} : { version: cleanLine(version) }),
    ...(purl === undefined ? {} : { purl }),
    ...(subject.digest?.startsWith('sha256:') ? { manifestSha256: subject.digest.slice('sha256:'.length) } : {}),
    properties: sortProperties(rootProperties(subject)),
  };
}

/**
 * `pkg:oci/app@sha256%3A...?arch=amd64&repository_url=...&tag=...`; only for an image whose registry name and digest are known.
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md
 */
export function ociPurl(subject: SbomSubject): string | undefined {
  if (subject.name === undefined || subject.digest === undefined) return undefined;
  const last = subject.name.slice(subject.name.lastIndexOf('/') + 1).toLowerCase();
  if (last === '') return undefined;
  const qualifiers = [
    ['arch', subject.platform?.architecture],
    ['repository_url', subject.name.toLowerCase()],
    ['tag', subject.tags?.[0]],
  ].flatMap(([key, value]) => (value === undefined || value === '' ? [] : [`${key}=${encodePurlPart(value)}`]));
  return `pkg:oci/${encodePurlPart(last)}@${encodePurlPart(subject.digest)}?${qualifiers.join('&')}`;
}

/** Percent-encoded as a part of a purl. */
export function encodePurlPart(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function rootProperties(subject: SbomSubject): SbomProperty[] {
  const properties: SbomProperty[] = [];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '')
      properties.push({ name: `waybill:image:${name}`, value: cleanLine(value) });
  };
  add('manifest:digest', subject.digest);
  add('manifest:mediaType', subject.manifestMediaType);
  const { platform } = subject;
  if (platform !== undefined) {
    add('platform', [platform.os, platform.architecture, platform.variant].filter((part) => part).join('/'));
  }
  add('created', subject.created);
  for (const tag of subject.tags ?? []) add('tag', tag);
  for (const [name, value] of Object.entries(subject.labels ?? {})) add(`label:${cleanLine(name, 200)}`, value);
  for (const [index, layer] of subject.layers.entries()) {
    add(`layer:${index}:diffId`, layer.diffId);
    add(`layer:${index}:digest`, layer.digest);
    add(`layer:${index}:createdBy`, layer.createdBy);
  }
  return properties;
}
