import type * as ModelsModule from '@cyclonedx/cyclonedx-library/Models';
import type { ParsedLicense } from '../../packages/index.ts';
import type { SbomComponent, SbomDocument, SbomProperty } from '../types.ts';
import type { CycloneDxLibrary } from './library.ts';

/**
 * The document in the library's model: everything its model holds. Lists keep the document's order (the library's own sorting depends on the
 * locale).
 */
export function toLibraryModel(document: SbomDocument, library: CycloneDxLibrary): ModelsModule.Bom {
  const { Models, Enums } = library;
  const bom = new Models.Bom({ serialNumber: document.serialNumber, version: 1 });
  if (document.timestamp !== undefined) bom.metadata.timestamp = new Date(document.timestamp);
  bom.metadata.lifecycles.add(Enums.LifecyclePhase.PostBuild);
  bom.metadata.tools.components.add(
    new Models.Component(Enums.ComponentType.Application, document.tool.name, { version: document.tool.version }),
  );
  for (const property of properties(document.properties, library)) bom.metadata.properties.add(property);
  const root = rootComponent(document, library);
  bom.metadata.component = root;
  const refs = new Map([[document.root.ref, root]]);
  for (const component of document.components) {
    const model = toComponent(component, library);
    refs.set(component.ref, model);
    bom.components.add(model);
  }
  for (const [ref, targets] of document.dependencies) {
    const from = refs.get(ref);
    for (const target of targets) {
      const to = refs.get(target);
      if (from !== undefined && to !== undefined) from.dependencies.add(to.bomRef);
    }
  }
  return bom;
}

function rootComponent({ root }: SbomDocument, library: CycloneDxLibrary): ModelsModule.Component {
  const { Models, Enums } = library;
  return new Models.Component(Enums.ComponentType.Container, root.name, {
    bomRef: root.ref,
    ...(root.version === undefined ? {} : { version: root.version }),
    ...(root.purl === undefined ? {} : { purl: root.purl }),
    ...(root.manifestSha256 === undefined
      ? {}
      : { hashes: new Models.HashDictionary([[Enums.HashAlgorithm['SHA-256'], root.manifestSha256]]) }),
    properties: new Models.PropertyRepository(properties(root.properties, library)),
  });
}

function toComponent(component: SbomComponent, library: CycloneDxLibrary): ModelsModule.Component {
  const { Models, Enums } = library;
  const { supplier } = component;
  return new Models.Component(componentType(component.type, library), component.name, {
    bomRef: component.ref,
    ...pick(component, ['group', 'version', 'purl', 'cpe', 'author', 'description']),
    ...(component.scope === undefined ? {} : { scope: componentScope(component.scope, library) }),
    ...(supplier === undefined
      ? {}
      : {
          supplier: new Models.OrganizationalEntity({
            name: supplier.name,
            url: new Set(supplier.url === undefined ? [] : [supplier.url]),
            ...(supplier.email === undefined
              ? {}
              : {
                  contact: new Models.OrganizationalContactRepository([
                    new Models.OrganizationalContact({ name: supplier.name, email: supplier.email }),
                  ]),
                }),
          }),
        }),
    licenses: new Models.LicenseRepository(component.licenses.map((license) => toLicense(license, library))),
    externalReferences: new Models.ExternalReferenceRepository(
      component.externalReferences.map(
        ({ type, url }) => new Models.ExternalReference(url, referenceType(type, library)),
      ),
    ),
    ...(component.hashes.length === 0
      ? {}
      : {
          hashes: new Models.HashDictionary(
            component.hashes.map(({ algorithm, hex }) => [Enums.HashAlgorithm[algorithm], hex]),
          ),
        }),
    properties: new Models.PropertyRepository(properties(component.properties, library)),
  });
}

type OptionalText = 'group' | 'version' | 'purl' | 'cpe' | 'author' | 'description';

function pick(component: SbomComponent, keys: readonly OptionalText[]): { [Key in OptionalText]?: string } {
  const picked: { [Key in OptionalText]?: string } = {};
  for (const key of keys) {
    const value = component[key];
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}

function toLicense(license: ParsedLicense, { Models, Enums }: CycloneDxLibrary): ModelsModule.License {
  const acknowledgement = Enums.LicenseAcknowledgement.Declared;
  if (license.kind === 'expression') {
    const expression = new Models.LicenseExpression(license.value);
    expression.acknowledgement = acknowledgement;
    return expression;
  }
  return license.kind === 'id'
    ? new Models.SpdxLicense(license.value, { acknowledgement })
    : new Models.NamedLicense(license.value, { acknowledgement });
}

function properties(list: readonly SbomProperty[], { Models }: CycloneDxLibrary): ModelsModule.Property[] {
  return list.map(({ name, value }) => new Models.Property(name, value));
}

function componentScope(
  scope: NonNullable<SbomComponent['scope']>,
  { Enums }: CycloneDxLibrary,
): NonNullable<ModelsModule.Component['scope']> {
  return {
    excluded: Enums.ComponentScope.Excluded,
    optional: Enums.ComponentScope.Optional,
    required: Enums.ComponentScope.Required,
  }[scope];
}

function componentType(type: SbomComponent['type'], { Enums }: CycloneDxLibrary): ModelsModule.Component['type'] {
  return {
    application: Enums.ComponentType.Application,
    framework: Enums.ComponentType.Framework,
    container: Enums.ComponentType.Container,
    firmware: Enums.ComponentType.Firmware,
    library: Enums.ComponentType.Library,
    'operating-system': Enums.ComponentType.OperatingSystem,
    platform: Enums.ComponentType.Platform,
  }[type];
}

function referenceType(
  type: SbomComponent['externalReferences'][number]['type'],
  { Enums }: CycloneDxLibrary,
): ModelsModule.ExternalReference['type'] {
  return {
    bom: Enums.ExternalReferenceType.BOM,
    distribution: Enums.ExternalReferenceType.Distribution,
    vcs: Enums.ExternalReferenceType.VCS,
    website: Enums.ExternalReferenceType.Website,
  }[type];
}
