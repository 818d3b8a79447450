import type { Oracle } from '../contract.ts';
import { cargoOracle } from './cargo.ts';
import { composerOracle } from './composer.ts';
import { dpkgOracle } from './dpkg.ts';
import { gemOracle } from './gem.ts';
import { goOracle } from './go.ts';
import { mavenOracle } from './maven.ts';
import { nodeModulesOracle, npmOracle } from './npm.ts';
import { pipOracle } from './pip.ts';
import { rpmOracle } from './rpm.ts';

/** Every oracle, in the order of the table. */
export const ORACLES: readonly Oracle[] = [
  dpkgOracle,
  rpmOracle,
  npmOracle,
  nodeModulesOracle,
  pipOracle,
  goOracle,
  gemOracle,
  composerOracle,
  mavenOracle,
  cargoOracle,
];
