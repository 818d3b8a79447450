/** What is used of the WebAssembly interface, which only the types for browsers declare. @see https://webassembly.github.io/spec/js-api/ */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
    static imports(
      module: Module,
    ): readonly { readonly module: string; readonly name: string; readonly kind: string }[];
    static exports(module: Module): readonly { readonly name: string; readonly kind: string }[];
  }

  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum: number });
    readonly buffer: ArrayBuffer;
  }

  class Global {
    readonly value: unknown;
  }

  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, ImportValues>>);
    readonly exports: Exports;
  }

  type ImportValues = Readonly<Record<string, ImportValue>>;
  type ImportValue = Memory | ((...operands: number[]) => number | void);
  type ExportValue = Memory | Global | ((...operands: number[]) => number);
  type Exports = Readonly<Record<string, ExportValue>>;

  /** For the types of the package that evaluates. */
  interface WebAssemblyInstantiatedSource {
    readonly instance: Instance;
    readonly module: Module;
  }
}
