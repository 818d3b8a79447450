import { writeFileAtomic } from '../../core/index.ts';
import { writeCycloneDx, type SbomDocument, type SbomOutput } from '../../sbom/index.ts';
import { appError } from '../errors.ts';

/** A document and what stands for `{platform}` in the names of its files. */
export interface NamedDocument {
  readonly document: SbomDocument;
  readonly name: string;
}

/**
 * Conflicts that can be told before anything is read.
 * @throws AppError OUTPUT_CONFLICT
 */
export function checkOutputs(outputs: readonly SbomOutput[], ledgerFile?: string): void {
  if (outputs.filter((output) => output.file === undefined).length > 1) {
    throw appError('OUTPUT_CONFLICT', 'two outputs go to stdout', {
      hint: 'give all but one a file: -o cyclonedx-xml=bom.xml',
    });
  }
  requireDistinct(filesOf(outputs, ledgerFile));
}

/** Writes or returns every output of every document; with an index, its document too, where each platform has a file of its own. Files are whole or not there. */
export async function writeSbomOutputs(
  documents: readonly NamedDocument[],
  outputs: readonly SbomOutput[],
  options: {
    readonly renderTable: (document: SbomDocument) => string;
    readonly index?: NamedDocument;
    /** Told the size of each CycloneDX JSON document. */
    readonly written?: (named: NamedDocument, sizeBytes: number) => void;
  },
): Promise<{ readonly stdout: string; readonly files: readonly string[] }> {
  const { renderTable, index } = options;
  const stdout: string[] = [];
  const files: string[] = [];
  const write = async (named: NamedDocument, output: SbomOutput): Promise<void> => {
    const bytes = await spell(named.document, output, renderTable);
    if (output.format === 'cyclonedx-json') options.written?.(named, bytes.length);
    if (output.file === undefined) {
      stdout.push(typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes));
      return;
    }
    const path = outputPath(output.file, named.name);
    await writeFileAtomic(path, typeof bytes === 'string' ? `${bytes.trimEnd()}\n` : bytes, { ifExists: 'replace' });
    files.push(path);
  };
  for (const named of documents) for (const output of outputs) await write(named, output);
  if (index !== undefined) {
    for (const output of outputs) {
      if (output.specVersion !== undefined && output.file?.includes('{platform}')) await write(index, output);
    }
  }
  return { stdout: stdout.map((text) => text.replace(/\n$/, '')).join('\n'), files };
}

function spell(
  document: SbomDocument,
  output: SbomOutput,
  renderTable: (document: SbomDocument) => string,
): string | Promise<Uint8Array> {
  if (output.specVersion === undefined) return renderTable(document);
  const format = output.format === 'cyclonedx-xml' ? 'xml' : 'json';
  return writeCycloneDx(document, { format, specVersion: output.specVersion });
}

/**
 * Tables may follow each other on stdout; everything else needs a place of its own for each platform.
 * @param names of the platforms
 * @throws AppError OUTPUT_CONFLICT
 */
export function checkShares(names: readonly string[], outputs: readonly SbomOutput[], ledgerFile?: string): void {
  if (names.length <= 1) return;
  const shared = outputs.find(
    (output) => !output.file?.includes('{platform}') && !(output.format === 'table' && output.file === undefined),
  );
  if (shared) {
    throw appError('OUTPUT_CONFLICT', `${names.length} platforms cannot share one output`, {
      hint: "name files with {platform}: -o 'cyclonedx-json=bom-{platform}.json'",
    });
  }
  requireDistinct(filesOf(outputs, ledgerFile).flatMap((file) => names.map((name) => outputPath(file, name))));
}

function filesOf(outputs: readonly SbomOutput[], ledgerFile: string | undefined): readonly string[] {
  return [...outputs.flatMap(({ file }) => file ?? []), ...(ledgerFile === undefined ? [] : [ledgerFile])];
}

/** The file for a platform (or `index`, `rootfs`). */
export function outputPath(file: string, name: string): string {
  return file.replaceAll('{platform}', name.replaceAll(/[/:]/g, '-'));
}

/** @throws AppError OUTPUT_CONFLICT */
function requireDistinct(files: readonly string[]): void {
  const twice = files.find((file, index) => files.indexOf(file) !== index);
  if (twice !== undefined) {
    throw appError('OUTPUT_CONFLICT', `two outputs go to ${twice}`, { hint: 'give each a file of its own' });
  }
}
