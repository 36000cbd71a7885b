import type { Asked, Event } from "../backend/types";

/** A refused read by a postinstall script; `change` says what this test cares about. */
export function madeEvent(change: Partial<Event> = {}): Event {
  return {
    schema: 1,
    id: 7,
    time: "2026-05-24T11:19:00.000Z",
    kind: "read",
    action: "denied",
    importance: "alarm",
    owner: 1000,
    secret: { path: "/home/ana/.ssh/id_ed25519", class: "ssh-key", title: "SSH private key", tier: 1 },
    reader: {
      pid: 30,
      exe: "/usr/bin/node",
      inode: "fd01:1",
      sha256: "ab",
      cmdline: ["node", "steal.js"],
      uid: 1000,
      script: "/p/steal.js",
      cwd: "/p",
      injected: [],
      foreign_namespace: false,
      app: null,
      system_package: null,
      ancestry: [
        { pid: 20, exe: "/usr/bin/dash", cmdline: ["sh", "-c", "node steal.js"] },
        { pid: 10, exe: "/usr/bin/node", cmdline: ["npm", "install"] },
      ],
    },
    package: { ecosystem: "npm", name: "evil-dep", version: "1.2.3", stage: "install", script: "postinstall", path: "/p", project: "/w" },
    candidates: null,
    sweep: [],
    why: "Denied: the package does not own this secret.",
    ...change,
  };
}

export function madeQuestion(id: number, change: Partial<Asked> = {}): Asked {
  const event = madeEvent({ id, action: "asked", importance: "attention" });
  return { event, deadline: new Date(Date.now() + 25_000).toISOString(), default_allow: false, ...change };
}
