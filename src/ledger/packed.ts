import { isOsPackage, type Owners } from './owners.ts';

/** Places of one package that are looked at. */
const MAX_PLACES = 100;

interface Place {
  readonly path: string;
  readonly isOfOs: boolean;
}

/**
 * Whether a path stands in a record that a package of the operating system packed: what Debian takes of a wheel is not all that the wheel's own record lists,
 * and of what is there the operating system's record tells. Of several places where a package is installed, that counts which has the longest way in common with the path.
 * @returns a function of a package's index and of an absolute path that it records
 */
export function createPackedCheck(owners: Owners): (index: number, path: string) => boolean {
  const known = new Map<number, readonly Place[]>();
  const placesOf = (index: number): readonly Place[] => {
    const pkg = owners.package(index);
    if (pkg === undefined || isOsPackage(pkg)) return [];
    const places = pkg.locations.slice(0, MAX_PLACES).map(({ path }) => ({
      path,
      isOfOs: isOsPackage(owners.package(owners.owner(path.slice(1)))),
    }));
    return places.some(({ isOfOs }) => isOfOs) ? places : [];
  };
  return (index, path) => {
    const places = known.get(index) ?? placesOf(index);
    known.set(index, places);
    let [nearest, length] = [places[0], -1];
    for (const place of places) {
      const common = commonLength(place.path, path);
      if (common > length) [nearest, length] = [place, common];
    }
    return nearest?.isOfOs === true;
  };
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}
