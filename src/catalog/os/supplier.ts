import type { Supplier } from '../../packages/index.ts';

const ADDRESS = /^([^<>]*)<\s*([^<>\s@]{1,64}@[^<>\s@]{1,190})\s*>$/;

/** `Name <mail@example.org>`, as Maintainer fields have it; undefined when there is no name. */
export function parseMaintainer(value: string | undefined): Supplier | undefined {
  const text = value?.trim().slice(0, 512) ?? '';
  const match = ADDRESS.exec(text);
  const name = (match?.[1] ?? text).trim().replace(/^"(.*)"$/, '$1');
  const email = match?.[2];
  if (name === '') return email === undefined ? undefined : { name: email, email };
  return email === undefined ? { name } : { name, email };
}

/** An http or https address that is safe to hand on as a URL, else undefined. */
export function homepageOf(value: string | undefined): string | undefined {
  const text = value?.trim() ?? '';
  return text.length <= 2048 && /^https?:\/\/[^\s"<>\\^`{|}]+$/.test(text) ? text : undefined;
}

/** A one-line description, cut to a length that is surely no prose; undefined when empty. */
export function summaryOf(value: string | undefined): string | undefined {
  const line = value?.split('\n', 1)[0]?.trim().slice(0, 1024);
  return line === '' ? undefined : line;
}
