export type { CatalogContext, Cataloger, CatalogerStatement, CatalogResult } from './contract.ts';
