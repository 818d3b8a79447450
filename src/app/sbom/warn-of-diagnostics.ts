import type { Runtime } from '../../core/index.ts';
import type { CatalogNote, Diagnostic } from '../../packages/index.ts';

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

/** What a reader must not overlook in an SBOM: changed package files, deleted package databases. */
const ALARMING: ReadonlySet<string> = new Set(['modified-file', 'database-removed']);

/** Tells people the first notes of that kind, and how many more there are. */
export function warnOfNotes(notes: readonly CatalogNote[], runtime: Runtime): void {
  const alarming = notes.filter(({ code, source }) => source === 'ledger' && ALARMING.has(code));
  for (const { path, message } of alarming.slice(0, MAX_WARNINGS)) {
    runtime.progress({ kind: 'warning', message: `${path}: ${message}` });
  }
  if (alarming.length > MAX_WARNINGS) {
    const message = `and ${alarming.length - MAX_WARNINGS} more: the SBOM names them, \`waybill image files\` too`;
    runtime.progress({ kind: 'warning', message });
  }
}
