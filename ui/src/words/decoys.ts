import type { DecoyKind, DecoyState } from "../backend/types";

export const DECOY: Record<DecoyKind, string> = {
  ssh: "SSH private key",
  aws: "AWS credentials",
  solana: "Solana key pair",
  sui: "Sui key store",
  ethereum: "Ethereum key store",
  npm: "npm token",
};

export const DECOY_STATE: Record<DecoyState, string> = {
  intact: "Untouched",
  changed: "Changed",
  gone: "Gone",
};
