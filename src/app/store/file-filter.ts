import { compileGlob, coreError, globProblem } from '../../core/index.ts';
import { LEDGER_CLASSES, type LedgerClass, type LedgerEntry, type LedgerLayer } from '../../ledger/index.ts';

/** Which files of a ledger are shown; what is left out lets all through. */
export interface FileFilterOptions {
  /** Classes, several in one text divided by commas. */
  readonly classes?: readonly string[];
  readonly executables?: boolean;
  /** Index of a layer, 0 = bottom, or the beginning of its diffID. */
  readonly layer?: string;
  /** `*` within a segment, `**` across segments. */
  readonly pathGlob?: string;
}

/** @throws AppError USAGE for a class, a layer or a pattern that cannot be */
export function createFileFilter(
  options: FileFilterOptions,
  layers: readonly LedgerLayer[],
): (entry: LedgerEntry) => boolean {
  const { executables = false } = options;
  const classes = classesOf(options.classes ?? []);
  const layer = options.layer === undefined ? undefined : layerOf(options.layer, layers);
  const matches = options.pathGlob === undefined ? undefined : globOf(options.pathGlob);
  return (entry) =>
    (classes === undefined || classes.has(entry.class)) &&
    (!executables || entry.isExecutable) &&
    (layer === undefined || entry.layer === layer) &&
    (matches === undefined || matches(entry.path));
}

function classesOf(texts: readonly string[]): ReadonlySet<LedgerClass> | undefined {
  if (texts.length === 0) return undefined;
  const classes = texts
    .flatMap((text) => text.split(','))
    .map((text) => {
      const known = LEDGER_CLASSES.find((name) => name === text.trim());
      if (known !== undefined) return known;
      throw coreError('USAGE', `--class ${JSON.stringify(text.slice(0, 80))} is no class of files`, {
        hint: `one of ${LEDGER_CLASSES.join(', ')}`,
      });
    });
  return new Set(classes);
}

function layerOf(text: string, layers: readonly LedgerLayer[]): number {
  const isIndex = /^\d{1,4}$/.test(text);
  const prefix = text.startsWith('sha256:') ? text : `sha256:${text}`;
  const found = isIndex
    ? [Number(text)].filter((index) => index < layers.length)
    : [...layers.keys()].filter((index) => layers[index]?.diffId?.startsWith(prefix) === true);
  const [layer, another] = found;
  if (layer !== undefined && another === undefined) return layer;
  const problem = layer === undefined ? 'is no layer of the image' : 'is the beginning of several diffIDs';
  throw coreError('USAGE', `--layer ${JSON.stringify(text.slice(0, 80))} ${problem}`, {
    hint:
      layers.length === 0
        ? 'a root file system has no layers'
        : `0 to ${layers.length - 1}, 0 is the bottom; or the beginning of a diffID`,
  });
}

function globOf(pattern: string): (path: string) => boolean {
  const problem = globProblem(pattern);
  if (problem !== undefined) throw coreError('USAGE', `--path: ${problem}`);
  // as people write it: with or without the slash in front
  const glob = compileGlob(pattern.startsWith('/') ? pattern : `/${pattern}`);
  return (path) => glob.matches(path);
}
