import type * as EnumsModule from '@cyclonedx/cyclonedx-library/Enums';
import type * as ModelsModule from '@cyclonedx/cyclonedx-library/Models';
import type * as SerializeModule from '@cyclonedx/cyclonedx-library/Serialize';
import type * as SpecModule from '@cyclonedx/cyclonedx-library/Spec';

/** The parts of the CycloneDX library that are used here. */
export interface CycloneDxLibrary {
  readonly Enums: typeof EnumsModule;
  readonly Models: typeof ModelsModule;
  readonly Serialize: typeof SerializeModule;
  readonly Spec: typeof SpecModule;
}

/** Loads the library: 40 ms that only writers pay. */
export async function loadLibrary(): Promise<CycloneDxLibrary> {
  const [Enums, Models, Serialize, Spec] = await Promise.all([
    import('@cyclonedx/cyclonedx-library/Enums'),
    import('@cyclonedx/cyclonedx-library/Models'),
    import('@cyclonedx/cyclonedx-library/Serialize'),
    import('@cyclonedx/cyclonedx-library/Spec'),
  ]);
  return { Enums, Models, Serialize, Spec };
}

export type CycloneDxVersion = '1.5' | '1.6' | '1.7';

export function specOf({ Spec }: CycloneDxLibrary, version: CycloneDxVersion): typeof Spec.Spec1dot6 {
  return { '1.5': Spec.Spec1dot5, '1.6': Spec.Spec1dot6, '1.7': Spec.Spec1dot7 }[version];
}
