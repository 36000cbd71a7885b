import type { Ancestor, Event } from "../backend/types";
import { baseName } from "./sentences";
import { visible } from "./visible";

/** One process in the picture; `child` is the one it started, the last is the reader. */
export interface Process {
  pid: number;
  program: string;
  command: string;
  isReader: boolean;
  child: Process | null;
}

/** The reader's ancestry as a tree from its oldest known process down to the reader. */
export function lineage(event: Event): Process {
  const reader = process(event.reader, true, null);
  return event.reader.ancestry.reduce((child, parent) => process(parent, false, child), reader);
}

function process(from: Ancestor, isReader: boolean, child: Process | null): Process {
  return {
    pid: from.pid,
    program: visible(baseName(from.exe)) || "unknown program",
    command: visible(from.cmdline.join(" ")),
    isReader,
    child,
  };
}
