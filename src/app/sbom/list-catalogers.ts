import { CATALOGERS } from '../../catalog/index.ts';

/** What `waybill sbom catalogers` lists. */
export function listCatalogers(): readonly CatalogerInfo[] {
  return CATALOGERS.map(({ id, title, version, specifications, statement }) => ({
    id,
    title,
    version,
    specifications,
    ...statement,
    fileDigests: statement.fileDigests ?? false,
  }));
}

export interface CatalogerInfo {
  readonly id: string;
  readonly title: string;
  readonly version: number;
  readonly specifications: readonly string[];
  readonly packageTypes: readonly string[];
  readonly reads: readonly string[];
  readonly licenses: boolean;
  readonly dependencies: boolean;
  readonly files: boolean;
  readonly fileDigests: boolean;
}
