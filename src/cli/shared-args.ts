import { string } from '@oclif/core/args';

/** The image argument, the same words everywhere. */
export const imageArg = string({
  name: 'IMAGE',
  description:
    'registry/repository[:tag][@digest], oci:DIR[:TAG|@DIGEST], oci-archive:FILE, docker-archive:FILE[:NAME|:@POSITION], dir:ROOTFS',
  required: true,
});
