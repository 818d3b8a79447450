import { string } from '@oclif/core/args';

/** The image argument, the same words everywhere. */
export const imageArg = string({
  name: 'IMAGE',
  description:
    'registry/repository[:tag][@digest], oci:DIR[:TAG|@DIGEST], oci-archive:FILE, docker-archive:FILE[:NAME|:@POSITION], docker-daemon:NAME, dir:ROOTFS',
  required: true,
  // what is piped in may be an identity token, and is never an image
  ignoreStdin: true,
});

/** The same where images may be named elsewhere. */
export const optionalImageArg = string({
  name: 'IMAGE',
  description: imageArg.description ?? '',
  ignoreStdin: true,
});

/** What is copied. */
export const sourceArg = string({
  name: 'SOURCE',
  description:
    'registry/repository[:tag][@digest], oci:DIR[:TAG|@DIGEST], oci-archive:FILE, docker-archive:FILE[:NAME|:@POSITION]',
  required: true,
});

/** What it is copied to. */
export const destinationArg = string({
  name: 'DESTINATION',
  description: 'registry/repository[:tag] or oci:DIR[:TAG] (made when it is missing; the source’s tag unless told)',
  required: true,
});
