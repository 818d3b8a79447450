import type { StackDiagnostic } from './layer-records.ts';

/** What layers can say that runtimes read in different ways. */
const MEANINGS = {
  'behind-link':
    'lies behind a link of a lower layer: some runtimes follow the link, those with overlay put a folder in its place',
  'folder-remade':
    'is removed or replaced, and a folder again: runtimes with overlay keep what lower layers have in it, others do not',
  'root-emptied': 'is emptied: runtimes with overlay ignore that for the root, others remove what lower layers have',
} as const;

export type Ambiguity = keyof typeof MEANINGS;

/** Gathers what is ambiguous in one layer: each kind is told once, by its first path. */
export class Ambiguities {
  readonly #found = new Map<Ambiguity, { readonly path: string; count: number }>();

  /** @param path asked for when it is the first */
  note(kind: Ambiguity, path: () => string): void {
    const found = this.#found.get(kind);
    if (found === undefined) this.#found.set(kind, { path: path(), count: 1 });
    else found.count += 1;
  }

  /** In the order of their codes. */
  diagnostics(layer: number): readonly StackDiagnostic[] {
    return (Object.keys(MEANINGS) as Ambiguity[]).flatMap((code) => {
      const found = this.#found.get(code);
      if (found === undefined) return [];
      const others = found.count === 1 ? '' : ` (and ${found.count - 1} more of the layer)`;
      const message = `in layer ${layer} it${others} ${MEANINGS[code]}`;
      return [{ code, severity: 'warning', message, path: found.path, source: 'image' }];
    });
  }
}
