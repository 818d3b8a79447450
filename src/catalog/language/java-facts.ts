import type { JavaArchive, JavaArchiveFacts, JavaArchiveProblem, JavaCoordinates } from '../../formats/index.ts';
import { asObject, decodeText } from './json-fields.ts';

/** The extractor's JSON, checked: a layer cache may hand over anything. Archives come before those that lie in them. */
export function parseJavaFacts(bytes: Uint8Array): JavaArchiveFacts | undefined {
  let json: unknown;
  try {
    json = JSON.parse(decodeText(bytes));
  } catch {
    return undefined;
  }
  const object = asObject(json);
  const archives = object?.['archives'];
  const problems = object?.['problems'];
  if (!Array.isArray(archives) || !Array.isArray(problems)) return undefined;
  const isSound = (archives as unknown[]).every((archive, index) => isArchive(archive, index));
  return isSound && problems.every(isProblem) ? { archives: archives as JavaArchive[], problems } : undefined;
}

function isArchive(value: unknown, index: number): boolean {
  const object = asObject(value);
  if (object === undefined) return false;
  const texts = [object['inside'], object['sha256']];
  const parent = object['parent'];
  const lists = [object['classFolders'], object['licenseFiles'], object['coordinates']];
  return (
    texts.every((text) => typeof text === 'string') &&
    (object['sha1'] === undefined || typeof object['sha1'] === 'string') &&
    typeof parent === 'number' &&
    (index === 0 ? parent === -1 : Number.isInteger(parent) && parent >= 0 && parent < index) &&
    lists.every((list) => Array.isArray(list)) &&
    (object['coordinates'] as unknown[]).every(isCoordinates)
  );
}

function isCoordinates(value: unknown): value is JavaCoordinates {
  const object = asObject(value);
  if (typeof object?.['folder'] !== 'string') return false;
  const pom = object['pom'];
  return (
    pom === undefined || (Array.isArray(asObject(pom)?.['dependencies']) && Array.isArray(asObject(pom)?.['licenses']))
  );
}

function isProblem(value: unknown): value is JavaArchiveProblem {
  const object = asObject(value);
  return typeof object?.['inside'] === 'string' && typeof object['code'] === 'string';
}
