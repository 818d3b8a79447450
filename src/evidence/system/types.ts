/** What the checks of an image's configuration and files look at, found in one look at its layers. */
export interface SystemFacts {
  /** `os-release` of the final view; null without one. */
  readonly osRelease: { readonly id: string; readonly versionId?: string } | null;
}
