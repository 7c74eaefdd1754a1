// Amounts as people read them.

/** Dollars: cents, and four digits where cents would say nothing. */
export function usd(amount: number): string {
  if (amount > 0 && amount < 0.01) return `$${amount.toFixed(4)}`;
  return amount.toLocaleString("en", { style: "currency", currency: "USD" });
}

/** A large number in three digits: 1.2 M. */
export function count(n: number): string {
  if (n < 1000) return String(n);
  const [size, unit] = n < 1e6 ? [1e3, "k"] : n < 1e9 ? [1e6, "M"] : [1e9, "G"];
  const of = n / size;
  return `${of < 10 ? of.toFixed(1) : Math.round(of)} ${unit}`;
}

/** How much of the most it is, in percent. */
export function share(amount: number, most: number): number {
  return most > 0 ? Math.max(0, Math.min(100, (amount / most) * 100)) : 0;
}
