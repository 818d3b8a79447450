import type { CapturePlan, CaptureRule } from '../filesystem/index.ts';
import type { Cataloger } from './contract.ts';
import { declaredCataloger } from './declared/declared.ts';
import { binaryCataloger } from './binary/classifier.ts';
import { graalvmCataloger } from './binary/graalvm.ts';
import { jvmCataloger } from './binary/jvm.ts';
import { elfNoteCataloger } from './binary/elf-note.ts';
import { composerCataloger } from './language/composer.ts';
import { condaCataloger } from './language/conda.ts';
import { cpanCataloger } from './language/cpan.ts';
import { cranCataloger } from './language/cran.ts';
import { javaCataloger } from './language/java.ts';
import { luarocksCataloger } from './language/luarocks.ts';
import { opamCataloger } from './language/opam.ts';
import { otpCataloger } from './language/otp.ts';
import { pearCataloger } from './language/pear.ts';
import { dotnetCataloger } from './language/dotnet.ts';
import { gemCataloger } from './language/gem.ts';
import { goCataloger } from './language/go.ts';
import { npmCataloger } from './language/npm.ts';
import { pythonCataloger } from './language/python.ts';
import { rustCataloger } from './language/rust.ts';
import { apkCataloger } from './os/apk.ts';
import { bottlerocketCataloger } from './os/bottlerocket.ts';
import { chiselCataloger } from './os/chisel.ts';
import { DISTRIBUTION_CAPTURES } from './os/distribution.ts';
import { dpkgCataloger } from './os/dpkg.ts';
import { homebrewCataloger } from './os/homebrew.ts';
import { nixCataloger } from './os/nix.ts';
import { opkgCataloger } from './os/opkg.ts';
import { pacmanCataloger } from './os/pacman.ts';
import { portageCataloger } from './os/portage.ts';
import { rpmCataloger } from './os/rpm.ts';
import { snapCataloger } from './os/snap.ts';

/** Every cataloger, in the order in which their findings win when they describe the same package. */
export const CATALOGERS: readonly Cataloger[] = [
  dpkgCataloger,
  apkCataloger,
  rpmCataloger,
  chiselCataloger,
  opkgCataloger,
  pacmanCataloger,
  portageCataloger,
  nixCataloger,
  snapCataloger,
  bottlerocketCataloger,
  homebrewCataloger,
  npmCataloger,
  pythonCataloger,
  goCataloger,
  javaCataloger,
  graalvmCataloger,
  jvmCataloger,
  rustCataloger,
  dotnetCataloger,
  gemCataloger,
  composerCataloger,
  pearCataloger,
  condaCataloger,
  otpCataloger,
  cranCataloger,
  luarocksCataloger,
  cpanCataloger,
  opamCataloger,
  elfNoteCataloger,
  binaryCataloger,
  declaredCataloger,
];

/**
 * What one pass over an image's layers must capture for these catalogers and for the distribution.
 * @param options.digests also what comparing the files with their packages' records needs: digests of files, and the records themselves
 */
export function capturePlan(
  catalogers: readonly Cataloger[] = CATALOGERS,
  options: { readonly digests?: boolean } = {},
): CapturePlan {
  const captures: CaptureRule[] = [...DISTRIBUTION_CAPTURES];
  for (const cataloger of catalogers) captures.push(...cataloger.captures);
  if (options.digests === true) captures.push(...catalogers.flatMap(({ recordCaptures = [] }) => recordCaptures));
  const digests = options.digests === true ? catalogers.flatMap((cataloger) => cataloger.digests ?? []) : [];
  return { captures, digests };
}

/** Id and version of every cataloger (`apk@1,dpkg@1`), sorted: changes whenever the same image may give another result. */
export function catalogVersion(catalogers: readonly Cataloger[] = CATALOGERS): string {
  return catalogers
    .map(({ id, version }) => `${id}@${version}`)
    .toSorted()
    .join(',');
}
