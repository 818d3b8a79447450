import { runCatalogers, type Cataloger, type CatalogRun } from '../../src/catalog/index.ts';
import { memoryView, type MemoryEntry } from './memory-view.ts';

/** Runs one cataloger over an image made of an object literal; its exceptions come through. */
export function runCataloger(
  cataloger: Cataloger,
  files: Readonly<Record<string, MemoryEntry>>,
  options: { readonly recordedFiles?: boolean } = {},
): CatalogRun {
  const view = memoryView(files, {
    captures: [...cataloger.captures, { id: 'distribution/files', names: ['os-release'], maxBytes: 65_536 }],
  });
  return runCatalogers({ view, catalogers: [cataloger], rethrow: true, ...options });
}

/** Codes of what was told, in the runner's order. */
export function codesOf(run: CatalogRun): readonly string[] {
  return run.diagnostics.map(({ code }) => code);
}
