import { given, member, textOf, type Finder, type Located } from './finder.ts';

/**
 * Finds every image of a compose file: of its services and of their image volumes. What makes the image depend on other files, on variables or on a build at the place
 * where it is deployed is a problem.
 * @see https://github.com/compose-spec/compose-spec/blob/main/spec.md
 */
export function findComposeImages(root: Located, finder: Finder): void {
  const include = given(root, 'include');
  if (include !== undefined) {
    finder.problem(include, 'DEPLOYMENT_INCLUDES', {
      message: 'the file includes others, whose services are not seen',
      hint: 'give what `docker compose config` prints: -f -',
    });
  }
  const services = member(root, 'services');
  const map = services === undefined ? undefined : finder.map(services, 'services');
  if (services === undefined || map === undefined) return;
  if (map.entries.size === 0) finder.problem(services, 'DEPLOYMENT_SHAPE', { message: 'there are no services' });
  for (const name of map.entries.keys()) {
    const service = member(services, name);
    if (service !== undefined) findInService(service, name, finder);
  }
}

function findInService(service: Located, name: string, finder: Finder): void {
  const what = `the service ${JSON.stringify(name.slice(0, 80))}`;
  if (finder.map(service, what) === undefined) return;
  const image = given(service, 'image');
  const build = given(service, 'build');
  const extended = member(service, 'extends');
  if (extended !== undefined && member(extended, 'file') !== undefined) {
    finder.problem(extended, 'DEPLOYMENT_INCLUDES', {
      message: `${what} takes what it does not say from another file, which is not seen`,
      hint: 'give what `docker compose config` prints: -f -',
    });
  }
  if (build !== undefined && (image === undefined || textOf(service, 'pull_policy') === 'build')) {
    finder.problem(build, 'DEPLOYMENT_BUILD_ONLY', {
      message: `${what} is built where it is deployed, so there is no image to check`,
      hint: 'build and push the image first, and name it with image:, without pull_policy: build',
    });
  } else {
    imageWithoutVariables(service, { name: 'image', what, finder });
  }
  for (const volume of finder.items(service, 'volumes')) {
    if (textOf(volume, 'type') === 'image') {
      imageWithoutVariables(volume, { name: 'source', what: `an image volume of ${what}`, finder });
    }
  }
}

interface ImageMember {
  readonly name: string;
  readonly what: string;
  readonly finder: Finder;
}

function imageWithoutVariables(parent: Located, { name, what, finder }: ImageMember): void {
  const at = member(parent, name);
  if (at !== undefined && textOf(parent, name)?.includes('$') === true) {
    finder.problem(at, 'DEPLOYMENT_VARIABLE', {
      message: `the image of ${what} depends on variables, so what will run is not known`,
      hint: 'give what `docker compose config` prints: -f -',
    });
    return;
  }
  finder.image(parent, name, what);
}
