/** What long work reports. Shown on stderr when it is a terminal; elsewhere only notices and warnings are. */
export type ProgressEvent =
  | { readonly kind: 'phase'; readonly label: string }
  | {
      readonly kind: 'layers';
      /** Compressed bytes read so far, over all layers. */
      readonly doneBytes: number;
      /** Compressed bytes of all layers. */
      readonly totalBytes: number;
      readonly doneLayers: number;
      readonly totalLayers: number;
    }
  | {
      readonly kind: 'transfer';
      readonly label: string;
      readonly doneBytes: number;
      readonly totalBytes: number | undefined;
    }
  /** A line that is shown elsewhere too: what people must know before it happens, such as under whose name it is signed. */
  | { readonly kind: 'notice'; readonly message: string }
  | { readonly kind: 'warning'; readonly message: string };

export type ProgressListener = (event: ProgressEvent) => void;
