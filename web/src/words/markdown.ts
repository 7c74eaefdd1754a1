/** What formatted text says around what others wrote. */
export const markdown = {
  copy: "Copy",
  copied: "Copied",
  copyLabel: "Copy this code",
  code: "Code",
  table: "Table",
  done: "done:",
  open: "open:",
  image: (alt: string, address: string) => `[image${alt ? `: ${alt}` : ""}] ${address}`.trim(),
};
