import type { Runtime } from '../core/index.ts';
import type { Diagnostic } from '../packages/index.ts';

const MAX_WARNINGS = 10;

/** Tells people the first things that could not be read, and how many more there are. */
export function warnOfDiagnostics(diagnostics: readonly Diagnostic[], runtime: Runtime): void {
  for (const diagnostic of diagnostics.slice(0, MAX_WARNINGS)) {
    const where = diagnostic.path === undefined ? '' : `${diagnostic.path}: `;
    runtime.progress({
      kind: 'warning',
      message: `${where}${diagnostic.message} [${diagnostic.source}/${diagnostic.code}]`,
    });
  }
  if (diagnostics.length > MAX_WARNINGS) {
    runtime.progress({
      kind: 'warning',
      message: `and ${diagnostics.length - MAX_WARNINGS} more: --json lists them all`,
    });
  }
}
